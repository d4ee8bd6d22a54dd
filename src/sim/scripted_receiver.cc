#include "sim/scripted_receiver.h"

#include <array>
#include <span>

#include "base/hash.h"
#include "runtime/waiter.h"
#include "settings/load.h"
#include "telemetry/registry.h"
#include "wire/http1_write.h"
#include "wire/protobuf_reader.h"
#include "wire/protobuf_writer.h"

namespace weir::sim {
namespace {

using net::GrpcStatus;
using runtime::Task;
using wire::GrpcCode;
using wire::ProtobufReader;
using Kind = ReceiverMood::Kind;

constexpr std::string_view trace_service = "opentelemetry.proto.collector.trace.v1.TraceService";
constexpr std::string_view metric_service =
    "opentelemetry.proto.collector.metrics.v1.MetricsService";
constexpr std::string_view log_service = "opentelemetry.proto.collector.logs.v1.LogsService";

// Calls visit(bytes) for each message under this number.
template <class Visit>
void each_message(std::string_view message, uint32_t number, Visit visit) {
  ProtobufReader reader(message);
  while (reader.next())
    if (reader.number() == number && reader.type() == ProtobufReader::Type::bytes)
      visit(reader.bytes());
}

// How many there are at the end of a path of numbers.
uint64_t count_messages(std::string_view message, std::span<const uint32_t> path) {
  if (path.empty()) return 1;
  uint64_t count = 0;
  each_message(message, path[0],
               [&](std::string_view inside) { count += count_messages(inside, path.subspan(1)); });
  return count;
}

// ResourceSpans, ScopeSpans and Span.
uint64_t spans_in(std::string_view request) {
  constexpr std::array<uint32_t, 3> path{1, 2, 2};
  return count_messages(request, path);
}

// ExportTraceServiceResponse; empty where nothing was rejected.
std::string response(uint64_t rejected) {
  Buffer out;
  wire::ProtobufWriter writer(out);
  if (rejected > 0) {
    const auto partial = writer.begin_message(1);
    writer.varint(1, rejected);
    writer.bytes(2, "too many");
    writer.end_message(partial);
  }
  return std::string(out.view());
}

// google.rpc.Status with RetryInfo; empty without a time.
std::string details(Duration asked) {
  Buffer out;
  wire::ProtobufWriter writer(out);
  if (asked > Duration(0)) {
    const auto detail = writer.begin_message(3);
    writer.bytes(1, "type.googleapis.com/google.rpc.RetryInfo");
    const auto info = writer.begin_message(2);
    const auto delay = writer.begin_message(1);
    writer.varint(1, static_cast<uint64_t>(asked / seconds(1)));
    writer.end_message(delay);
    writer.end_message(info);
    writer.end_message(detail);
  }
  return std::string(out.view());
}

bool may_come_again(const ReceiverMood& mood, bool over_grpc) {
  if (!over_grpc) return mood.status == 429 || (mood.status >= 502 && mood.status <= 504);
  switch (mood.code) {
    case GrpcCode::cancelled:
    case GrpcCode::deadline_exceeded:
    case GrpcCode::aborted:
    case GrpcCode::out_of_range:
    case GrpcCode::unavailable:
    case GrpcCode::data_loss:
      return true;
    case GrpcCode::resource_exhausted:
      return mood.asked > Duration(0);
    default:
      return false;
  }
}

uint16_t draw_status(Random& random) {
  static constexpr std::array<uint16_t, 16> statuses{400, 401, 403, 404, 408, 413, 415, 422,
                                                     429, 500, 501, 502, 503, 504, 507, 301};
  return statuses[random.below(statuses.size())];
}

}  // namespace

ReceiverMood ReceiverMood::draw(Random& random) {
  ReceiverMood mood;
  mood.kind = static_cast<Kind>(random.below(6));
  mood.status = draw_status(random);
  mood.code = static_cast<GrpcCode>(1 + random.below(16));
  if (random.below(2) == 0) mood.asked = seconds(1 + random.below(8));
  mood.pause = milliseconds(random.below(15'000));
  return mood;
}

ScriptedReceiver::ScriptedReceiver(const ReceiverTerms& terms)
    : terms_(terms),
      traces_(*this, trace_service),
      metrics_(*this, metric_service),
      logs_(*this, log_service),
      grpc_({&traces_, &metrics_, &logs_}) {}

void ScriptedReceiver::violation(std::string what) {
  if (tally_.violations++ == 0) tally_.first_violation = std::move(what);
}

Task<> ScriptedReceiver::run(runtime::Shard& shard, int listener) {
  telemetry::Registry registry(1);
  net::HttpServerGroup group(1);
  net::HttpServer server(shard, group, *this, settings::defaults(net::http_server_settings()),
                         registry.recorder(0));
  co_await server.run(listener);
}

void ScriptedReceiver::look_at(const std::string& body, MonoTime now) {
  ++tally_.requests;
  if (body.size() > terms_.bytes_max)
    violation("a request of " + std::to_string(body.size()) + " bytes");
  const auto [at, fresh] = seen_.try_emplace(hash(body, 0));
  if (fresh) return;
  ++tally_.repeated;
  if (at->second.settled) violation("what was settled came again");
  if (now < at->second.not_before) violation("a request came again before it was asked for");
}

void ScriptedReceiver::settle(const std::string& body, MonoTime now, uint64_t spans, bool over_grpc,
                              const Answer& answer) {
  Seen& seen = seen_[hash(body, 0)];
  if (answer.mood.kind != Kind::refuses) {
    seen.settled = true;
    tally_.spans_taken += spans - answer.rejected;
  } else if (may_come_again(answer.mood, over_grpc)) {
    seen.not_before = now + answer.mood.asked;
  } else {
    seen.settled = true;
    ++tally_.refused;
  }
}

Task<ScriptedReceiver::Answer> ScriptedReceiver::decide(net::HttpExchange& exchange,
                                                        const std::string& body, bool traces,
                                                        bool over_grpc) {
  runtime::Shard& shard = exchange.shard();
  const MonoTime came = shard.now();
  look_at(body, came);
  Answer answer{mood_};
  const bool waits = answer.mood.kind == Kind::slow || answer.mood.kind == Kind::silent;
  const Duration pause = answer.mood.kind == Kind::slow ? answer.mood.pause : terms_.timeout * 3;
  if (waits) (void)co_await sleep(shard.reactor(), {came + pause, &shard.closing()});
  if (answer.mood.kind == Kind::silent || answer.mood.kind == Kind::hangs_up) co_return answer;
  const uint64_t spans = traces ? spans_in(body) : 0;
  if (answer.mood.kind == Kind::takes_part) answer.rejected = spans / 3;
  // Otherwise the sender has given up, and does not hear of it.
  if (shard.now() - came < terms_.timeout - milliseconds(100))
    settle(body, shard.now(), spans, over_grpc, answer);
  co_return answer;
}

Task<> ScriptedReceiver::handle(net::HttpExchange& exchange) {
  if (net::GrpcServer::is_call(exchange)) co_return co_await grpc_.serve(exchange);
  std::string body;
  while (!exchange.body().done()) {
    const Result<std::string_view> piece = co_await exchange.read_body();
    if (!piece) co_return exchange.abort();
    body += *piece;
  }
  const bool traces = exchange.head.path == "/v1/traces";
  const Answer answer = co_await decide(exchange, body, traces, false);
  const ReceiverMood& mood = answer.mood;
  if (mood.kind == Kind::silent || mood.kind == Kind::hangs_up) co_return exchange.abort();
  const bool refuses = mood.kind == Kind::refuses;
  Buffer& out = exchange.out();
  wire::append_status_line(out, refuses ? mood.status : 200);
  if (refuses && mood.asked > Duration(0))
    wire::append_field(out, "Retry-After", static_cast<uint64_t>(mood.asked / seconds(1)));
  const std::string said = refuses ? "" : response(answer.rejected);
  wire::append_content_length(out, said.size());
  exchange.append_connection_field();
  wire::end_head(out);
  out.append(said);
}

void ScriptedReceiver::reject(net::HttpExchange& exchange, uint16_t, const char* reason) {
  violation(std::string("a request that cannot be read: ") + reason);
  exchange.abort();
}

Task<GrpcStatus> ScriptedReceiver::Service::call(std::string_view, net::GrpcExchange& call) {
  const Result<std::string> body = co_await call.read_only();
  if (!body) co_return net::status_of(body.error());
  const Answer answer = co_await receiver_.decide(call.http(), *body, name_ == trace_service, true);
  const ReceiverMood& mood = answer.mood;
  if (mood.kind == Kind::silent || mood.kind == Kind::hangs_up) {
    call.http().abort();
    co_return GrpcStatus{};
  }
  if (mood.kind == Kind::refuses)
    co_return GrpcStatus{mood.code, "as it likes", details(mood.asked)};
  if (const auto sent = co_await call.write(response(answer.rejected)); !sent)
    co_return net::status_of(sent.error());
  co_return GrpcStatus{};
}

}  // namespace weir::sim
