// A server of grpc.testing.TestService on loopback, for the interoperability tests of gRPC's own
// clients (grpc/doc/interop-test-descriptions.md). Prints its port and serves until it is killed.
// Messages are read and written by their field numbers (grpc/testing/messages.proto).
#include <unistd.h>

#include "net/grpc_server.h"
#include "net/http_server.h"
#include "runtime/socket.h"
#include "runtime/threads.h"
#include "runtime/waiter.h"
#include "settings/load.h"
#include "wire/protobuf_reader.h"
#include "wire/protobuf_writer.h"

namespace weir::net {
namespace {

using runtime::Task;
using wire::GrpcCode;

constexpr size_t response_bytes_max = 4'000'000;

// What a SimpleRequest or a StreamingOutputCallRequest asks for.
struct Asked {
  struct Part {
    uint64_t bytes = 0;
    Duration pause{};
    GrpcExchange::Packing packing = GrpcExchange::Packing::by_size;
  };
  std::vector<Part> parts;  // response_size, or response_parameters
  std::optional<GrpcStatus> status;
  std::optional<bool> packed;  // what the client says that this message is
};

// A BoolValue: 1 value.
bool read_bool(std::string_view message) {
  wire::ProtobufReader reader(message);
  bool value = false;
  while (reader.next())
    if (reader.number() == 1) value = reader.integer() != 0;
  return value;
}

GrpcExchange::Packing read_packing(std::string_view message) {
  return read_bool(message) ? GrpcExchange::Packing::always : GrpcExchange::Packing::never;
}

GrpcStatus read_status(std::string_view message) {
  GrpcStatus status;
  wire::ProtobufReader reader(message);
  while (reader.next()) {
    if (reader.number() == 1) status.code = static_cast<GrpcCode>(reader.integer() % 17);
    if (reader.number() == 2) status.message = reader.bytes();
  }
  return status;
}

Asked::Part read_parameters(std::string_view message) {
  Asked::Part part;
  wire::ProtobufReader reader(message);
  while (reader.next()) {
    if (reader.number() == 1) part.bytes = std::min(reader.integer(), response_bytes_max);
    if (reader.number() == 2)
      part.pause = microseconds(std::min<uint64_t>(reader.integer(), 10'000'000));
    if (reader.number() == 3) part.packing = read_packing(reader.bytes());
  }
  return part;
}

Asked read_request(std::string_view message, bool streams) {
  Asked asked;
  wire::ProtobufReader reader(message);
  if (!streams) asked.parts.emplace_back();
  while (reader.next()) {
    if (reader.number() == 2 && streams)
      asked.parts.push_back(read_parameters(reader.bytes()));
    else if (reader.number() == 2)
      asked.parts[0].bytes = std::min(reader.integer(), response_bytes_max);
    if (reader.number() == 6 && !streams) asked.parts[0].packing = read_packing(reader.bytes());
    if (reader.number() == 7) asked.status = read_status(reader.bytes());
    if (reader.number() == 8 && !streams) asked.packed = read_bool(reader.bytes());
  }
  return asked;
}

// A response whose first field is a payload (2 body) of `size` zeros.
std::string response_of(uint64_t size) {
  Buffer bytes;
  wire::ProtobufWriter out(bytes);
  const auto payload = out.begin_message(1);
  out.bytes(2, std::string(size, '\0'));
  out.end_message(payload);
  return std::string(bytes.view());
}

GrpcStatus otherwise_packed() {
  return {GrpcCode::invalid_argument, "the message is not packed as it says"};
}

class TestService final : public GrpcService {
 public:
  std::string_view name() const override { return "grpc.testing.TestService"; }
  Task<GrpcStatus> call(std::string_view method, GrpcExchange& call) override {
    echo_metadata(call);
    if (method == "EmptyCall") co_return co_await empty(call);
    if (method == "UnaryCall" || method == "CacheableUnaryCall") co_return co_await unary(call);
    if (method == "StreamingInputCall") co_return co_await input(call);
    if (method == "StreamingOutputCall" || method == "FullDuplexCall" || method == "HalfDuplexCall")
      co_return co_await output(call);
    co_return GrpcStatus{GrpcCode::unimplemented, "no such method"};
  }

 private:
  static void echo_metadata(GrpcExchange& call) {
    const wire::Fields& fields = call.http().head.fields;
    const char* const initial = "x-grpc-test-echo-initial";
    const char* const trailing = "x-grpc-test-echo-trailing-bin";
    if (const wire::Field* field = fields.find(initial)) call.add_head_field(initial, field->value);
    if (const wire::Field* field = fields.find(trailing))
      call.add_trailer(trailing, std::string(field->value));
  }
  static Task<GrpcStatus> empty(GrpcExchange& call) {
    const Result<std::string> message = co_await call.read_only();
    if (!message) co_return status_of(message.error());
    const Result<> written = co_await call.write("");
    co_return written ? GrpcStatus{} : status_of(written.error());
  }
  static Task<GrpcStatus> unary(GrpcExchange& call) {
    const Result<std::string> message = co_await call.read_only();
    if (!message) co_return status_of(message.error());
    const Asked asked = read_request(*message, false);
    if (asked.packed && *asked.packed != call.packed()) co_return otherwise_packed();
    if (asked.status) co_return *asked.status;
    co_return co_await say(call, asked);
  }
  static Task<GrpcStatus> input(GrpcExchange& call) {
    uint64_t total = 0;
    for (;;) {
      const auto message = co_await call.read();
      if (!message) co_return status_of(message.error());
      if (!*message) break;
      const Input input = read_input(**message);
      if (input.packed && *input.packed != call.packed()) co_return otherwise_packed();
      total += input.bytes;
    }
    Buffer bytes;
    wire::ProtobufWriter(bytes).varint(1, total);
    const Result<> written = co_await call.write(bytes.view());
    co_return written ? GrpcStatus{} : status_of(written.error());
  }
  static Task<GrpcStatus> output(GrpcExchange& call) {
    for (;;) {
      const auto message = co_await call.read();
      if (!message) co_return status_of(message.error());
      if (!*message) co_return GrpcStatus{};
      const Asked asked = read_request(**message, true);
      if (asked.status) co_return *asked.status;
      const GrpcStatus said = co_await say(call, asked);
      if (said.code != GrpcCode::ok) co_return said;
    }
  }
  static Task<GrpcStatus> say(GrpcExchange& call, Asked asked) {
    HttpExchange& http = call.http();
    for (const Asked::Part& part : asked.parts) {
      if (part.pause > Duration(0))
        (void)co_await runtime::sleep(http.reactor(), http.wait_at_most(part.pause));
      if (http.shard().now() >= http.deadline())
        co_return GrpcStatus{GrpcCode::deadline_exceeded, "the call's time is over"};
      const Result<> written = co_await call.write(response_of(part.bytes), part.packing);
      if (!written) co_return status_of(written.error());
    }
    co_return GrpcStatus{};
  }
  struct Input {
    uint64_t bytes = 0;
    std::optional<bool> packed;
  };
  // StreamingInputCallRequest: 1 payload (2 body), 2 whether it is packed.
  static Input read_input(std::string_view message) {
    Input input;
    wire::ProtobufReader reader(message);
    while (reader.next()) {
      if (reader.number() == 2) input.packed = read_bool(reader.bytes());
      if (reader.number() != 1) continue;
      wire::ProtobufReader payload(reader.bytes());
      while (payload.next())
        if (payload.number() == 2) input.bytes = payload.bytes().size();
    }
    return input;
  }
};

class Handler final : public HttpHandler {
 public:
  Task<> handle(HttpExchange& exchange) override { co_await grpc_.serve(exchange); }
  void reject(HttpExchange& exchange, uint16_t, const char*) override { exchange.abort(); }

 private:
  TestService service_;
  GrpcServer grpc_{{&service_}};
};

Task<> serve(runtime::Shard& shard, int fd) {
  Handler handler;
  telemetry::Recorder recorder;
  HttpServerGroup group(1);
  HttpServer server(shard, group, handler, settings::defaults(http_server_settings()), recorder);
  co_await server.run(fd);
}

int run() {
  const auto listening = runtime::open_listener(*Address::parse("127.0.0.1:0"), 64);
  if (!listening) return 1;
  auto threads = runtime::Threads::start(
      {.cores = {0}, .pin = false},
      [fd = *listening](runtime::Shard& shard) { return serve(shard, fd); });
  if (!threads) return 1;
  const std::string port = std::to_string(runtime::local_of(*listening).port()) + "\n";
  if (::write(STDOUT_FILENO, port.data(), port.size()) < 0) return 1;
  for (;;)
    ::pause();
}

}  // namespace
}  // namespace weir::net

int main() {
  return weir::net::run();
}
