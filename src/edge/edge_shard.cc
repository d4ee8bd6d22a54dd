#include "edge/edge_shard.h"

#include <algorithm>

#include "base/hash.h"
#include "edge/second_tier.h"
#include "edge/steps.h"
#include "edge/test_route.h"
#include "wire/http_date.h"
#include "wire/propagation.h"

namespace weir::edge {

// The way of a request. A step that answers it ends the search for an answer; record comes last,
// always. Only the last but one may wait: whatever is answered before needs no coroutine.
runtime::Task<> EdgeShard::handle(net::HttpExchange& exchange) {
  ++current_->requests;
  EdgeRequests::Ptr request =
      requests_.make(*this, *current_, exchange, tracer_, parent_of(exchange));
  receive(*request);
  if (test_route_ && !request->answered() && wants_test_calls(*request)) [[unlikely]]
    return answer_and_end(std::move(request), make_test_calls);
  if (!request->answered()) normalise(*request);
  if (!request->answered()) lookup(*request);
  if (!request->answered()) return answer_and_end(std::move(request), obtain);
  end(std::move(request));
  return runtime::Task<>::done();
}

runtime::Task<> EdgeShard::answer_and_end(EdgeRequests::Ptr request,
                                          runtime::Task<> (*step)(EdgeRequest&)) {
  co_await step(*request);
  end(std::move(request));
}

void EdgeShard::end(EdgeRequests::Ptr request) {
  ShardGeneration& generation = request->generation;
  record(*request);
  request.reset();
  leave(generation);
}

// The durations of what was read and answered in this step.
void EdgeShard::end_step() {
  if (!tracer_.has_step()) return;
  const MonoTime now = shard_.reactor().fresh_now();
  const telemetry::Metered metered(tracer_.meter(), tracer_.step_requests());
  tracer_.end_step(shard_.now(), now);
}

ShardGeneration::ShardGeneration(EdgeShard& of, std::shared_ptr<const Generation> generation)
    : edge(of),
      shared(std::move(generation)),
      checking(of.shard().reactor()),
      answered(of.metrics().recorder(), of.tracer().table()) {}

void EdgeShard::reject(net::HttpExchange& exchange, uint16_t status, const char* reason) {
  EdgeRequest request(*this, *current_, exchange, tracer_, {});
  receive_malformed(request, status, reason);
  record(request);
}

EdgeShard::EdgeShard(EdgeService& service, runtime::Shard& shard, net::Resolver& resolver)
    : service_(service),
      shard_(shard),
      resolver_(resolver),
      metrics_(service.telemetry().registry.recorder(static_cast<unsigned>(shard.index()))),
      tracer_(service.telemetry().tracing.tracer(static_cast<unsigned>(shard.index()))),
      access_log_(service.telemetry().access_log ? &service.telemetry().access_log->producer(
                                                       static_cast<unsigned>(shard.index()))
                                                 : nullptr),
      store_(service.store(), shard, metrics_.recorder()),
      disk_(service.disk(), shard, metrics_.recorder()),
      fills_(shard.reactor()),
      test_route_(service.telemetry().test_route),
      disposals_(shard.reactor()),
      step_hook_([](void* edge) { static_cast<EdgeShard*>(edge)->end_step(); }, this) {
  shard_.at_step_end(step_hook_);
  current_ = make_generation();
  start_second_tier(*this);
}

EdgeShard::~EdgeShard() = default;

telemetry::RemoteParent EdgeShard::parent_of(const net::HttpExchange& exchange) const {
  telemetry::RemoteParent parent;
  if (!exchange.head.fields.has(wire::KnownField::traceparent)) return parent;
  parent.trusted = current_->config().trusts(exchange.client());
  const wire::RemoteContext remote = wire::extract_context(exchange.head.fields, parent.trusted);
  parent.context = remote.parent.value_or(TraceContext{});
  if (remote.ot.empty()) return parent;
  const wire::OtState state = wire::parse_ot_state(remote.ot);
  parent.randomness = state.randomness.value_or(telemetry::randomness_in_id);
  parent.threshold = state.threshold.value_or(telemetry::threshold_unknown);
  return parent;
}

std::unique_ptr<ShardGeneration> EdgeShard::make_generation() {
  auto generation = std::make_unique<ShardGeneration>(*this, service_.generation());
  generation->written.resize(generation->config().sites.size());
  for (const auto& shares : generation->shared->origins) {
    auto& clients = generation->clients.emplace_back();
    for (const auto& share : shares) {
      clients.push_back(
          {std::make_unique<net::OriginClient>(shard_, share, resolver_, metrics_.recorder()),
           metrics_.recorder().bind_dynamic(origin_latency_decl, {share->authority()}),
           LatencyEstimate{}});
    }
  }
  start_checks(*generation);
  return generation;
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): the generation owns its clients

// Each origin is checked by one shard, for all. Its name says by which, so that it stays the same
// one over reloads: another shard's gauge would go on saying what it said last.
void EdgeShard::start_checks(ShardGeneration& generation) {
  for (auto& clients : generation.clients) {
    for (SiteOrigin& origin : clients) {
      if (origin.client->settings().health.path.empty()) continue;
      const uint64_t drawn = hash(origin.client->authority(), 0);
      if (drawn % shard_.shard_count() != shard_.index()) continue;
      generation.checkers.push_back(std::make_unique<net::HealthChecker>(
          shard_, *origin.client, metrics_.recorder(), service_.telemetry().log));
      generation.checking.spawn(generation.checkers.back()->run(generation.checking.cancel()));
    }
  }
}

void EdgeShard::renew() {
  std::unique_ptr<ShardGeneration> old = std::exchange(current_, make_generation());
  old->retired = true;
  ShardGeneration& retired = *old;
  retired_.push_back(std::move(old));
  retired.checking.cancel().request();
  ++retired.requests;
  leave(retired);
}

void EdgeShard::leave(ShardGeneration& generation) {
  if (--generation.requests > 0 || !generation.retired) return;
  const auto at =
      std::ranges::find_if(retired_, [&](const auto& each) { return each.get() == &generation; });
  std::unique_ptr<ShardGeneration> gone = std::move(*at);
  retired_.erase(at);
  disposals_.spawn(dispose(std::move(gone)));
}

runtime::Task<> EdgeShard::dispose(std::unique_ptr<ShardGeneration> generation) {
  generation->checking.cancel().request();
  co_await generation->checking.join();
  for (auto& clients : generation->clients)
    for (SiteOrigin& origin : clients)
      co_await origin.client->stop();
}

runtime::Task<> EdgeShard::stop() {
  fills_.cancel().request();
  co_await fills_.join();
  co_await stop_second_tier(*this);
  WEIR_ASSERT(current_->requests == 0 && retired_.empty());
  disposals_.spawn(dispose(std::move(current_)));
  co_await disposals_.join();
  // Of what was answered in this last step.
  end_step();
}

WrittenRun& EdgeShard::written_answer(ShardGeneration& generation, size_t site) {
  const std::string_view date = date_line();
  return generation.written[site].at(date_second_, *generation.config().sites[site].respond, date);
}

Pin EdgeShard::pin(ShardGeneration& generation) {
  enter(generation);
  return {[](void* pinned) {
            auto& held = *static_cast<ShardGeneration*>(pinned);
            held.edge.leave(held);
          },
          &generation};
}

std::string_view EdgeShard::date_line() {
  const int64_t second = nanos(shard_.reactor().wall_now()) / 1'000'000'000;
  if (second != date_second_) [[unlikely]] {
    date_second_ = second;
    date_line_.clear();
    date_line_.append("Date: ");
    wire::append_http_date(date_line_, std::chrono::sys_seconds(seconds(second)));
    date_line_.append("\r\n");
  }
  return date_line_.view();
}

}  // namespace weir::edge
