#include "net/grpc_health.h"

#include "runtime/waiter.h"
#include "wire/protobuf_reader.h"
#include "wire/protobuf_writer.h"

namespace weir::net {

using runtime::Task;
using wire::GrpcCode;
using State = GrpcHealthSource::State;

namespace {

std::string encode(State state) {
  Buffer bytes;
  if (state != State::unknown) wire::ProtobufWriter(bytes).varint(1, static_cast<uint64_t>(state));
  return std::string(bytes.view());
}

// HealthCheckRequest: 1 service. nullopt: it is none.
std::optional<std::string> read_request(std::string_view message) {
  std::string service;
  wire::ProtobufReader reader(message);
  while (reader.next())
    if (reader.number() == 1) service = reader.bytes();
  if (reader.malformed()) return std::nullopt;
  return service;
}

}  // namespace

const wire::ProtoFile& GrpcHealth::file() {
  static constexpr std::string_view request = ".grpc.health.v1.HealthCheckRequest",
                                    response = ".grpc.health.v1.HealthCheckResponse",
                                    listed = ".grpc.health.v1.HealthListResponse";
  static const wire::ProtoFile declared{
      .path = "grpc/health/v1/health.proto",
      .package = "grpc.health.v1",
      .service = "Health",
      .methods = {{"Check", request, response},
                  {"Watch", request, response, false, true},
                  {"List", ".grpc.health.v1.HealthListRequest", listed}},
      .messages = {{"HealthCheckRequest", {{"service", 1}}},
                   {"HealthCheckResponse",
                    {{"status", 1, wire::ProtoType::enumeration,
                      ".grpc.health.v1.HealthCheckResponse.ServingStatus"}},
                    "",
                    {"ServingStatus", {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"}}},
                   {"HealthListRequest", {}},
                   {"HealthListResponse",
                    {{"statuses", 1, wire::ProtoType::message,
                      ".grpc.health.v1.HealthListResponse.StatusesEntry", true}},
                    "",
                    {},
                    {"StatusesEntry", response}}}};
  return declared;
}

Task<GrpcStatus> GrpcHealth::call(std::string_view method, GrpcExchange& call) {
  if (method != "Check" && method != "Watch" && method != "List")
    co_return GrpcStatus{GrpcCode::unimplemented, "no such method"};
  const bool watches = method == "Watch";
  const Result<std::string> message = co_await call.read_only();
  if (!message) co_return status_of(message.error());
  if (method == "List") co_return co_await list(call);
  std::optional<std::string> service = read_request(*message);
  if (!service) co_return GrpcStatus{GrpcCode::internal, "the request is no protobuf message"};
  if (watches) co_return co_await watch(call, *std::move(service));
  co_return co_await check(call, *std::move(service));
}

// HealthListResponse: 1 a map from names to HealthCheckResponses.
Task<GrpcStatus> GrpcHealth::list(GrpcExchange& call) {
  Buffer bytes;
  wire::ProtobufWriter out(bytes);
  for (const std::string_view service : source_.services()) {
    const auto entry = out.begin_message(1);
    out.bytes(1, service);
    out.bytes(2, encode(source_.state_of(service)));
    out.end_message(entry);
  }
  const Result<> written = co_await call.write(bytes.view());
  co_return written ? GrpcStatus{} : status_of(written.error());
}

Task<GrpcStatus> GrpcHealth::check(GrpcExchange& call, std::string service) {
  const State state = source_.state_of(service);
  if (state == State::service_unknown)
    co_return GrpcStatus{GrpcCode::not_found, "no such service here"};
  const Result<> written = co_await call.write(encode(state));
  co_return written ? GrpcStatus{} : status_of(written.error());
}

Task<GrpcStatus> GrpcHealth::watch(GrpcExchange& call, std::string service) {
  std::optional<State> said;
  HttpExchange& http = call.http();
  http.last_long();
  while (!http.shard().draining().requested()) {
    const State state = source_.state_of(service);
    if (state != said) {
      const Result<> written = co_await call.write(encode(state));
      if (!written) co_return status_of(written.error());
      said = state;
    }
    if (http.shard().now() >= http.deadline())
      co_return GrpcStatus{GrpcCode::deadline_exceeded, "the call's time is over"};
    (void)co_await runtime::sleep(http.reactor(), http.wait_at_most(look_interval));
    if (http.stream().end()) co_return GrpcStatus{GrpcCode::cancelled, "the client has gone"};
  }
  co_return GrpcStatus{GrpcCode::unavailable, "the server stops"};
}

}  // namespace weir::net
