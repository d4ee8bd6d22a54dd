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
#include <memory>
#include <mutex>
#include <vector>

#include "base/random.h"
#include "telemetry/exemplar.h"
#include "telemetry/log_events.h"
#include "telemetry/registry.h"
#include "telemetry/sampling_table.h"
#include "telemetry/settings.h"
#include "telemetry/span_ring.h"
#include "telemetry/trace_queue.h"

namespace weir::telemetry {

enum class DropReason : uint8_t {
  not_sampled,    // no reason to keep its trace
  keep_ceiling,   // a reason to keep it, but thinned out above the ceiling of such traces
  queue_full,     // the exporter does not keep up
  request_full,   // more spans in one request than it has room for
  export_failed,  // the receiver refused it for good
};
inline constexpr std::array<std::string_view, 5> drop_reason_names{
    "not_sampled", "keep_ceiling", "queue_full", "request_full", "export_failed"};

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
inline constexpr CounterDecl traces_kept{
    .name = "telemetry.traces.kept",
    .unit = "{trace}",
    .help = "Traces put into the export queue, by the first reason that applied.",
    .labels = {"reason"}};
inline constexpr GaugeDecl sampling_probability{
    .name = "telemetry.sampling.probability",
    .unit = "1",
    .help =
        "Share of traces that the rate keeps now, by configured path; adaptive sampling moves it.",
    .labels = {"route"},
    .merge = GaugeMerge::max};
inline constexpr GaugeDecl slow_threshold{
    .name = "telemetry.sampling.slow",
    .unit = "s",
    .help =
        "From this duration on a request counts as slow, by configured path; +Inf: not known "
        "yet.",
    .labels = {"route"},
    .merge = GaugeMerge::max};
inline constexpr CounterDecl log_events_exported{
    .name = "telemetry.logs.exported",
    .unit = "{event}",
    .help = "Log events about requests that the receiver has taken."};
inline constexpr CounterDecl log_events_dropped{
    .name = "telemetry.logs.dropped",
    .unit = "{event}",
    .help =
        "Log events not exported: ring_full (raise telemetry.logs_ring_bytes), or "
        "export_failed: the receiver refused them.",
    .labels = {"reason"}};
inline constexpr GaugeDecl recorder_seconds{
    .name = "telemetry.flight_recorder.duration",
    .unit = "s",
    .help = "How far back the flight recorder reaches, on the shard where it is least.",
    .merge = GaugeMerge::max};

class Tracer {
 public:
  Tracer(std::shared_ptr<SamplingTable> table, const TelemetrySettings& settings, unsigned shard,
         unsigned shards, uint64_t seed);
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  TraceId make_trace_id() {
    const uint64_t high = random_();
    return {high, std::max<uint64_t>(random_(), 1)};
  }
  SpanId make_span_id() { return {std::max<uint64_t>(random_(), 1)}; }
  uint64_t make_randomness() { return random_() & (randomness_end - 1); }

  // --- sampling, by the table that the shard has taken up ---
  uint8_t route_of(std::string_view path) const { return table_->route_of(path); }
  uint64_t decide(uint8_t route, uint64_t randomness, MonoTime now) {
    return table_->decide(*part_, known(route), randomness, now);
  }
  // Why a trace of this route is kept for certain, if it is.
  KeepReason certain_reason(uint8_t route, int64_t duration_ns, bool error) const {
    const SamplingTable::Live& live = table_->live(known(route));
    if (live.strategy == SamplingStrategy::fixed) return KeepReason::none;
    if (error) return KeepReason::error;
    if (live.strategy == SamplingStrategy::adaptive) return KeepReason::none;
    if (duration_ns >= live.slow_ns.load(std::memory_order_relaxed)) [[unlikely]]
      return KeepReason::slow;
    return live.critical ? KeepReason::critical : KeepReason::none;
  }
  uint64_t certain_threshold(MonoTime now) { return table_->certain_threshold(*part_, now); }
  void certain_kept() { part_->certain.kept(); }
  void count_trace(uint8_t route, int64_t duration_ns, bool error) {
    SamplingTable::count(*part_, known(route), duration_ns, error);
  }
  // `example` is of the root span.
  void count_kept(uint8_t route, KeepReason reason, const Exemplar& example) {
    add(kept_[static_cast<size_t>(reason)], 1);
    SamplingTable::count_kept(*part_, known(route));
    exemplars_.put(example);
  }
  // Takes up other sampling settings; on the shard, or before it runs.
  void use(std::shared_ptr<SamplingTable> table) {
    table_ = std::move(table);
    part_ = &table_->part(shard_);
  }

  SpanRing& ring() { return ring_; }
  const SpanRing& ring() const { return ring_; }
  TraceQueue& queue() { return queue_; }
  LogEvents& logs() { return logs_; }
  const LogEvents& logs() const { return logs_; }
  const TraceQueue& queue() const { return queue_; }

  void count_created(uint64_t spans) { add(created_, spans); }
  void count_left(uint64_t spans) { add(left_, spans); }
  void count_dropped(DropReason reason, uint64_t spans) {
    add(dropped_[static_cast<size_t>(reason)], spans);
  }

  // Any thread.
  uint64_t created() const { return created_.load(std::memory_order_relaxed); }
  uint64_t dropped(DropReason reason) const;
  uint64_t kept(KeepReason reason) const {
    return kept_[static_cast<size_t>(reason)].load(std::memory_order_relaxed);
  }
  const Exemplars& exemplars() const { return exemplars_; }
  // Spans of traces that are not finished.
  uint64_t open() const;
  // From the end of the oldest trace in the ring to the end of the newest.
  Duration ring_duration() const;

 private:
  static void add(Cell& cell, uint64_t n) {
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  // A trace that began under another table may have a route that this one has not.
  uint8_t known(uint8_t route) const { return route < table_->routes() ? route : 0; }

  std::shared_ptr<SamplingTable> table_;
  SamplingTable::Part* part_;  // of the table, this shard's
  unsigned shard_;
  Random random_;
  Cell created_{0};
  Cell left_{0};  // spans whose trace is finished, or that had no room in theirs
  std::array<Cell, drop_reason_names.size()> dropped_{};
  std::array<Cell, keep_reason_names.size()> kept_{};
  Exemplars exemplars_;
  SpanRing ring_;
  TraceQueue queue_;
  LogEvents logs_;
};

class Tracing {
 public:
  Tracing(unsigned shards, const TelemetrySettings& settings, uint64_t seed);
  Tracing(const Tracing&) = delete;
  Tracing& operator=(const Tracing&) = delete;

  unsigned shards() const { return static_cast<unsigned>(tracers_.size()); }
  Tracer& tracer(unsigned shard) { return tracers_.at(shard); }
  const Tracer& tracer(unsigned shard) const { return tracers_.at(shard); }

  // Other sampling settings: the table that every shard must now be given (Tracer::use(), on the
  // shard); the present one where nothing has changed. Any thread.
  std::shared_ptr<SamplingTable> resample(const SamplingSettings& settings);
  std::shared_ptr<const SamplingTable> table() const;
  // The control loop of sampling, about once a second, by one thread.
  void tick(MonoTime now);

  // Spans carry monotonic times; the exporter adds the offset that was last set (at the start, and
  // every minute or so: the wall clock is stepped now and then). Any thread.
  void set_clock(MonoTime mono, WallTime wall) {
    wall_offset_ns_.store(nanos(wall) - nanos(mono), std::memory_order_relaxed);
  }
  int64_t wall_ns(int64_t mono_ns) const {
    return mono_ns + wall_offset_ns_.load(std::memory_order_relaxed);
  }

  // Kept traces by duration, the newest of all shards for each bucket that has one. Any thread.
  std::vector<Exemplar> exemplars() const;

  // Shows the counters above in `registry`, which must outlive this. Once.
  void observe(Registry& registry);

 private:
  template <class Read>
  Registry::Callback sum(Read read);
  void observe_routes(const std::shared_ptr<SamplingTable>& table);

  mutable std::mutex mutex_;  // guards table_ and what observes it
  std::shared_ptr<SamplingTable> table_;
  Registry* registry_ = nullptr;
  std::vector<Observation> route_observations_;
  std::deque<Tracer> tracers_;
  std::atomic<int64_t> wall_offset_ns_{0};
  std::vector<Observation> observations_;
};

}  // namespace weir::telemetry
