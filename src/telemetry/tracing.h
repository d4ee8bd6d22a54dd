#pragma once
// Tracing: the spans of a process; Tracer: those of one shard. Made by cli/ before the shards, each
// of which takes its Tracer. A Tracer gives ids, decides about finished traces (trace.h), keeps the
// flight recorder and the queue to the exporter, and counts every span:
//
//   created = exported + dropped by reason + held (open in a request, or queued)
//
// holds whenever the shard and the exporter rest, and is what the metrics below show.

#include <array>
#include <atomic>
#include <deque>
#include <vector>

#include "base/random.h"
#include "telemetry/registry.h"
#include "telemetry/sampler.h"
#include "telemetry/settings.h"
#include "telemetry/span_ring.h"
#include "telemetry/trace_queue.h"

namespace weir::telemetry {

enum class DropReason : uint8_t {
  not_sampled,    // no reason to keep its trace
  error_ceiling,  // an error, but above the ceiling of errors kept a second, and not sampled
  queue_full,     // the exporter does not keep up
  request_full,   // more spans in one request than it has room for
  export_failed,  // the receiver refused it for good
};
inline constexpr std::array<std::string_view, 5> drop_reason_names{
    "not_sampled", "error_ceiling", "queue_full", "request_full", "export_failed"};

inline constexpr CounterDecl spans_started{
    .name = "otel.sdk.span.started", .unit = "{span}", .help = "Spans created."};
inline constexpr UpDownCounterDecl spans_live{
    .name = "otel.sdk.span.live",
    .unit = "{span}",
    .help = "Spans of requests that have not been answered yet."};
inline constexpr UpDownCounterDecl span_queue_size{
    .name = "otel.sdk.processor.span.queue.size",
    .unit = "{span}",
    .help = "Spans that wait for export; at the capacity, new ones are dropped."};
inline constexpr UpDownCounterDecl span_queue_capacity{
    .name = "otel.sdk.processor.span.queue.capacity",
    .unit = "{span}",
    .help = "Most spans that may wait for export (telemetry.queue_spans_max)."};
inline constexpr CounterDecl spans_exported{.name = "telemetry.spans.exported",
                                            .unit = "{span}",
                                            .help = "Spans that the receiver has taken."};
inline constexpr CounterDecl spans_dropped{
    .name = "telemetry.spans.dropped",
    .unit = "{span}",
    .help = "Spans not exported, by reason; not_sampled is by intent, the others are losses.",
    .labels = {"reason"}};
inline constexpr GaugeDecl recorder_seconds{
    .name = "telemetry.flight_recorder.duration",
    .unit = "s",
    .help = "How far back the flight recorder reaches, on the shard where it is least.",
    .merge = GaugeMerge::max};

class Tracer {
 public:
  Tracer(const Sampler& sampler, const TelemetrySettings& settings, unsigned shards, uint64_t seed);
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  TraceId make_trace_id() {
    const uint64_t high = random_();
    return {high, std::max<uint64_t>(random_(), 1)};
  }
  SpanId make_span_id() { return {std::max<uint64_t>(random_(), 1)}; }
  uint64_t make_randomness() { return random_() & (randomness_end - 1); }
  uint64_t threshold() const { return sampler_->threshold(); }
  // Whether one more error may be kept for certain.
  bool take_error(MonoTime now) { return errors_.take(now); }

  SpanRing& ring() { return ring_; }
  const SpanRing& ring() const { return ring_; }
  TraceQueue& queue() { return queue_; }
  const TraceQueue& queue() const { return queue_; }

  void count_created(uint64_t spans) { add(created_, spans); }
  void count_left(uint64_t spans) { add(left_, spans); }
  void count_dropped(DropReason reason, uint64_t spans) {
    add(dropped_[static_cast<size_t>(reason)], spans);
  }

  // Any thread.
  uint64_t created() const { return created_.load(std::memory_order_relaxed); }
  uint64_t dropped(DropReason reason) const;
  // Spans of traces that are not finished.
  uint64_t open() const;
  // From the end of the oldest trace in the ring to the end of the newest.
  Duration ring_duration() const;

 private:
  static void add(Cell& cell, uint64_t n) {
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  const Sampler* sampler_;
  Random random_;
  TokenBucket errors_;
  Cell created_{0};
  Cell left_{0};  // spans whose trace is finished, or that had no room in theirs
  std::array<Cell, drop_reason_names.size()> dropped_{};
  SpanRing ring_;
  TraceQueue queue_;
};

class Tracing {
 public:
  Tracing(unsigned shards, const TelemetrySettings& settings, uint64_t seed);
  Tracing(const Tracing&) = delete;
  Tracing& operator=(const Tracing&) = delete;

  unsigned shards() const { return static_cast<unsigned>(tracers_.size()); }
  Tracer& tracer(unsigned shard) { return tracers_.at(shard); }
  const Tracer& tracer(unsigned shard) const { return tracers_.at(shard); }
  Sampler& sampler() { return sampler_; }

  // Spans carry monotonic times; the exporter adds the offset that was last set (at the start, and
  // every minute or so: the wall clock is stepped now and then). Any thread.
  void set_clock(MonoTime mono, WallTime wall) {
    wall_offset_ns_.store(nanos(wall) - nanos(mono), std::memory_order_relaxed);
  }
  int64_t wall_ns(int64_t mono_ns) const {
    return mono_ns + wall_offset_ns_.load(std::memory_order_relaxed);
  }

  // Shows the counters above in `registry`, which must outlive this.
  void observe(Registry& registry);

 private:
  template <class Read>
  Registry::Callback sum(Read read);

  Sampler sampler_;
  std::deque<Tracer> tracers_;
  std::atomic<int64_t> wall_offset_ns_{0};
  std::vector<Observation> observations_;
};

}  // namespace weir::telemetry
