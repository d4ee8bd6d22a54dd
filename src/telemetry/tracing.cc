#include "telemetry/tracing.h"

namespace weir::telemetry {

Tracer::Tracer(const Sampler& sampler, const TelemetrySettings& settings, unsigned shards,
               uint64_t seed)
    : sampler_(&sampler),
      random_(seed),
      errors_(settings.sampling.errors_per_second_max / shards),
      ring_(settings.flight_recorder_bytes),
      queue_((settings.queue_spans_max + shards - 1) / shards) {}

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
    : sampler_(settings.sampling.rate) {
  Random seeds(seed);
  for (unsigned shard = 0; shard < shards; ++shard)
    tracers_.emplace_back(sampler_, settings, shards, seeds());
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
  observations_.push_back(registry.observe(recorder_seconds, {}, [this] {
    Duration least = Duration::max();
    for (const Tracer& tracer : tracers_)
      least = std::min(least, tracer.ring_duration());
    return std::chrono::duration<double>(least).count();
  }));
}

}  // namespace weir::telemetry
