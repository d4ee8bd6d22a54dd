#include "sim/http2_origin.h"

#include "runtime/waiter.h"
#include "settings/load.h"
#include "sim/answer_bytes.h"

namespace weir::sim {
namespace {

using net::HttpExchange;
using runtime::Shard;
using runtime::Task;

constexpr size_t piece_bytes_max = 32 << 10;

net::HttpServerSettings settings_of(const OriginMix& mix, const SimHttp2Limits& limits) {
  net::HttpServerSettings settings = settings::defaults(net::http_server_settings());
  settings.idle_timeout = mix.idle_max;
  settings.request_timeout = minutes(10);
  settings.body_timeout = seconds(120);
  settings.http2.streams_max = limits.streams_max;
  settings.http2.requests_max = limits.requests_max;
  settings.http2.window_bytes = limits.window_bytes;
  settings.http2.age_max = limits.age_max;
  return settings;
}

}  // namespace

SimHttp2Limits SimHttp2Limits::draw(Random& random) {
  SimHttp2Limits limits;
  if (random.below(3) == 0) limits.streams_max = 1 + static_cast<uint32_t>(random.below(4));
  if (random.below(3) == 0) limits.requests_max = 1 + static_cast<uint32_t>(random.below(4));
  if (random.below(3) == 0) limits.window_bytes = 1024 + static_cast<uint32_t>(random.below(8192));
  if (random.below(3) == 0) limits.age_max = milliseconds(1 + random.below(3'000));
  return limits;
}

Task<> SimHttp2Origin::run(Shard& shard) {
  telemetry::Recorder recorder;
  net::HttpServerGroup group(1);
  net::HttpServer server(shard, group, *this, settings_of(mix_, limits_), recorder);
  co_await server.run(listener_);
}

Task<> SimHttp2Origin::handle(HttpExchange& exchange) {
  if (exchange.http_version() != "2") watch_.violation("a request of another protocol");
  ++watch_.tally.requests;
  const OriginAsked request = watch_.take_request(exchange.head);
  const OriginPlan plan = OriginPlan::draw(exchange.reactor().random(), mix_);
  if (plan.early) {
    co_await answer(exchange, request, plan);
    if (!exchange.aborted()) (void)co_await read_body(exchange, request);
  } else if (co_await read_body(exchange, request)) {
    co_await answer(exchange, request, plan);
  } else {
    exchange.abort();
  }
}

void SimHttp2Origin::reject(HttpExchange& exchange, uint16_t, const char* reason) {
  // A preface of which the link has cut something off is no request of HTTP/2.
  if (exchange.http_version() == "2")
    watch_.violation(std::string("a malformed request: ") + reason);
  exchange.abort();
}

Task<bool> SimHttp2Origin::read_body(HttpExchange& exchange, const OriginAsked& request) {
  std::string body;
  while (!exchange.body().done()) {
    const Result<std::string_view> piece = co_await exchange.read_body();
    if (!piece) {
      ++watch_.tally.cut_requests;
      co_return false;
    }
    body += *piece;
  }
  watch_.take_body(request, body);
  co_return true;
}

Task<> SimHttp2Origin::answer(HttpExchange& exchange, const OriginAsked& request,
                              const OriginPlan& plan) {
  Random& random = exchange.reactor().random();
  if (plan.kind == OriginPlan::Kind::hang_up) co_return exchange.abort();
  if (plan.kind == OriginPlan::Kind::silent) {
    (void)co_await runtime::sleep(exchange.reactor(), exchange.wait_at_most(seconds(120)));
    co_return exchange.abort();
  }
  const AnswerFor asked{request.method, request.target, request.secret, request.keep_alive};
  std::string bytes = plan.kind == OriginPlan::Kind::garbage ? garbage_answer(asked, random)
                                                             : answer_bytes(asked, plan);
  if (plan.cut) bytes.resize(random.below(bytes.size()));
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = std::min<size_t>(bytes.size() - at, 1 + random.below(piece_bytes_max));
    const std::string_view piece = std::string_view(bytes).substr(at, size);
    if (!co_await exchange.send(std::span(&piece, 1))) co_return;
    at += size;
    if (plan.pause_max == Duration(0)) continue;
    const auto pause = random.below(static_cast<uint64_t>(plan.pause_max.count()));
    (void)co_await runtime::sleep(exchange.reactor(), exchange.wait_at_most(nanoseconds(pause)));
  }
  if (plan.cut || plan.kind == OriginPlan::Kind::garbage) co_return exchange.abort();
  ++watch_.tally.answers;
}

}  // namespace weir::sim
