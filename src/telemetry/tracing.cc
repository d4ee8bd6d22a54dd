#include "telemetry/tracing.h"

#include <limits>

namespace weir::telemetry {

Tracer::Tracer(std::shared_ptr<SamplingTable> table, const TelemetrySettings& settings,
               unsigned shard, unsigned shards, uint64_t seed)
    : table_(std::move(table)),
      part_(&table_->part(shard)),
      shard_(shard),
      random_(seed),
      ring_(settings.flight_recorder_bytes),
      queue_((settings.queue_spans_max + shards - 1) / shards),
      logs_(settings.logs_ring_bytes) {}

uint64_t Tracer::dropped(DropReason reason) const {
  if (reason == DropReason::export_failed) return queue_.spans_failed();
  return dropped_[static_cast<size_t>(reason)].load(std::memory_order_relaxed);
}

uint64_t Tracer::open() const {
  const uint64_t left = left_.load(std::memory_order_relaxed);
  const uint64_t created = created_.load(std::memory_order_relaxed);
  return created > left ? created - left : 0;
}

Duration Tracer::ring_duration() const {
  return ring_.duration();
}

Tracing::Tracing(unsigned shards, const TelemetrySettings& settings, uint64_t seed)
    : table_(std::make_shared<SamplingTable>(settings.sampling, shards)) {
  Random seeds(seed);
  for (unsigned shard = 0; shard < shards; ++shard)
    tracers_.emplace_back(table_, settings, shard, shards, seeds());
}

std::shared_ptr<SamplingTable> Tracing::resample(const SamplingSettings& settings) {
  const std::lock_guard lock(mutex_);
  if (settings != table_->settings()) {
    table_ = std::make_shared<SamplingTable>(settings, shards());
    observe_routes(table_);
  }
  return table_;
}

std::shared_ptr<const SamplingTable> Tracing::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

void Tracing::tick(MonoTime now) {
  std::shared_ptr<SamplingTable> table;
  {
    const std::lock_guard lock(mutex_);
    table = table_;
  }
  table->tick(now);
}

std::vector<Exemplar> Tracing::exemplars() const {
  std::vector<Exemplar> newest;
  for (size_t bucket = 0; bucket < Exemplars::count; ++bucket) {
    std::optional<Exemplar> best;
    for (const Tracer& tracer : tracers_) {
      const std::optional<Exemplar> one = tracer.exemplars().at(bucket);
      if (one && (!best || one->time_ns > best->time_ns)) best = one;
    }
    if (best) newest.push_back(*best);
  }
  return newest;
}

void Tracing::observe_routes(const std::shared_ptr<SamplingTable>& table) {
  if (!registry_) return;
  route_observations_.clear();
  for (size_t route = 0; route < table->routes(); ++route) {
    const SamplingTable::Rule& rule = table->rule(route);
    const std::string name = rule.path + (rule.prefix || route == 0 ? "*" : "");
    route_observations_.push_back(registry_->observe(sampling_probability, {name}, [table, route] {
      return probability_of(table->threshold(route));
    }));
    route_observations_.push_back(registry_->observe(slow_threshold, {name}, [table, route] {
      const int64_t ns = table->slow_ns(route);
      return ns == INT64_MAX ? std::numeric_limits<double>::infinity()
                             : static_cast<double>(ns) * 1e-9;
    }));
  }
}

template <class Read>
Registry::Callback Tracing::sum(Read read) {
  return [this, read] {
    uint64_t total = 0;
    for (const Tracer& tracer : tracers_)
      total += read(tracer);
    return static_cast<double>(total);
  };
}

void Tracing::observe(Registry& registry) {
  const auto add = [&](const auto& decl, auto read) {
    observations_.push_back(registry.observe(decl, {}, sum(read)));
  };
  add(spans_started, [](const Tracer& t) { return t.created(); });
  add(spans_live, [](const Tracer& t) { return t.open(); });
  add(span_queue_size, [](const Tracer& t) { return t.queue().spans_held(); });
  add(span_queue_capacity, [](const Tracer& t) { return t.queue().spans_max(); });
  add(spans_exported, [](const Tracer& t) { return t.queue().spans_exported(); });
  for (size_t i = 0; i < drop_reason_names.size(); ++i) {
    const auto reason = static_cast<DropReason>(i);
    observations_.push_back(
        registry.observe(spans_dropped, {drop_reason_names[i]},
                         sum([reason](const Tracer& t) { return t.dropped(reason); })));
  }
  for (size_t i = 1; i < keep_reason_names.size(); ++i) {
    const auto reason = static_cast<KeepReason>(i);
    observations_.push_back(
        registry.observe(traces_kept, {keep_reason_names[i]},
                         sum([reason](const Tracer& t) { return t.kept(reason); })));
  }
  add(log_events_exported, [](const Tracer& t) { return t.logs().exported(); });
  observations_.push_back(registry.observe(
      log_events_dropped, {"ring_full"}, sum([](const Tracer& t) { return t.logs().dropped(); })));
  observations_.push_back(registry.observe(log_events_dropped, {"export_failed"},
                                           sum([](const Tracer& t) { return t.logs().failed(); })));
  registry_ = &registry;
  observe_routes(table_);
  observations_.push_back(registry.observe(recorder_seconds, {}, [this] {
    Duration least = Duration::max();
    for (const Tracer& tracer : tracers_)
      least = std::min(least, tracer.ring_duration());
    return std::chrono::duration<double>(least).count();
  }));
}

}  // namespace weir::telemetry
