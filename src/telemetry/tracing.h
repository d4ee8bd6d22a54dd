#pragma once
// Tracing: the spans of a process; Tracer: those of one shard. Made by cli/ before the shards, each
// of which takes its Tracer. A Tracer gives ids, decides about finished traces (trace.h), keeps the
// flight recorder and the queue to the exporter, and counts every span:
//
//   created = exported + dropped by reason + held (open in a request, or queued)
//
// holds at all times (span_account.h), and is what tracing_metrics.h shows. What this costs is
// metered, and the governor leaves out detail when it is too much.

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/random.h"
#include "telemetry/event_outbox.h"
#include "telemetry/exemplar.h"
#include "telemetry/governor.h"
#include "telemetry/log_events.h"
#include "telemetry/meter.h"
#include "telemetry/path_aggregation.h"
#include "telemetry/registry.h"
#include "telemetry/sampling_table.h"
#include "telemetry/settings.h"
#include "telemetry/span_account.h"
#include "telemetry/span_ring.h"
#include "telemetry/step_durations.h"
#include "telemetry/trace_queue.h"
#include "telemetry/tracing_metrics.h"

namespace weir::telemetry {

class Tracer {
 public:
  struct Place {
    unsigned shard;
    unsigned shards;  // which share what the process may queue
  };
  // `shedding` outlives it.
  Tracer(std::shared_ptr<SamplingTable> table, const TelemetrySettings& settings,
         const std::atomic<ShedStep>& shedding, Place place, uint64_t seed);
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  TraceId make_trace_id() {
    const uint64_t high = random_();
    return {high, std::max<uint64_t>(random_(), 1)};
  }
  uint64_t random() { return random_(); }

  // What is recorded of requests; everything implies the rest.
  bool records_metrics() const { return recording_ != Recording::nothing; }
  bool records_traces() const { return recording_ == Recording::everything; }

  // --- sampling, by the table that the shard has taken up ---
  uint8_t route_of(std::string_view path) const { return table_->route_of(path); }
  uint64_t threshold(uint8_t route) const {
    return live_[known(route)].threshold.load(std::memory_order_relaxed);
  }
  // The threshold of a trace whose randomness passes that.
  uint64_t decide(uint8_t route, uint64_t randomness, MonoTime now) {
    return table_->decide(*part_, known(route), randomness, now);
  }
  // False for most: there is no reason to keep it for certain, unless it is an error.
  bool perhaps_certain(uint8_t route, int64_t duration_ns) const {
    return duration_ns >= live_[known(route)].certain_ns.load(std::memory_order_relaxed);
  }
  // Why a trace of this route is kept for certain, if it is.
  KeepReason certain_reason(uint8_t route, int64_t duration_ns, bool error) const {
    const SamplingTable::Live& live = live_[known(route)];
    if (live.strategy == SamplingStrategy::fixed) return KeepReason::none;
    if (error) return KeepReason::error;
    if (live.strategy == SamplingStrategy::adaptive) return KeepReason::none;
    if (duration_ns >= live.slow_ns.load(std::memory_order_relaxed)) [[unlikely]]
      return KeepReason::slow;
    return live.critical ? KeepReason::critical : KeepReason::none;
  }
  uint64_t certain_threshold(MonoTime now) { return table_->certain_threshold(*part_, now); }
  void certain_kept() { part_->certain.kept(); }
  [[gnu::always_inline]] void count_trace(uint8_t route, int64_t duration_ns) {
    const uint8_t at = known(route);
    SamplingTable::count(*cells_[at]);
    // Nobody else asks what is slow.
    if (live_[at].strategy == SamplingStrategy::tail)
      SamplingTable::count_duration(*cells_[at], duration_ns);
  }
  // Whether anything follows from how long a trace took.
  bool duration_decides(uint8_t route) const {
    return live_[known(route)].strategy == SamplingStrategy::tail;
  }
  void count_error(uint8_t route) { SamplingTable::count_error(*cells_[known(route)]); }
  // `example` is of the root span.
  void count_kept(uint8_t route, KeepReason reason, const Exemplar& example) {
    add(kept_[static_cast<size_t>(reason)], 1);
    SamplingTable::count_kept(*cells_[known(route)]);
    if (wants_exemplars_ && shedding() < ShedStep::exemplars) exemplars_.put(example);
  }
  // --- requests that were read and answered within one step of the shard ---
  // Their answers leave together at its end, or not long before, so that all have taken the same
  // time: the clock is read once, and their durations are recorded together.
  void count_with_step(Histogram durations, std::string_view path) {
    step_.count(durations);
    if (paths_) (*paths_)->note(path);
  }
  bool has_step() const { return !step_.empty(); }
  uint64_t step_requests() const { return step_.requests(); }
  // The step began at `began`, and ends now.
  void end_step(MonoTime began, MonoTime now) {
    const Duration took = now - began;
    step_.settle(took);
    if (paths_) (*paths_)->settle(static_cast<uint64_t>(std::max<int64_t>(took.count(), 0)));
    ring_.close(nanos(now));
  }

  // Durations by path, where somebody wants them. Before the shard runs; `paths` outlives it.
  void aggregate(const PathAggregation& paths) { paths_ = &paths.recording(shard_); }
  void record_path(std::string_view path, Duration duration) {
    if (paths_)
      (*paths_)->record(path, static_cast<uint64_t>(std::max<int64_t>(duration.count(), 0)));
  }
  const std::shared_ptr<SamplingTable>& table() const { return table_; }
  // Of all that it has taken up, from 1 on: tells whether a route is one of this table.
  uint32_t table_number() const { return table_number_; }
  // Takes up other sampling settings; on the shard, or before it runs.
  void use(std::shared_ptr<SamplingTable> table) {
    table_ = std::move(table);
    part_ = &table_->part(shard_);
    live_ = table_->lives();
    cells_ = part_->cells.data();
    routes_ = static_cast<uint8_t>(table_->routes());
    ++table_number_;
  }

  SpanRing& ring() { return ring_; }
  const SpanRing& ring() const { return ring_; }
  TraceQueue& queue() { return queue_; }
  LogEvents& logs() { return logs_; }
  const LogEvents& logs() const { return logs_; }
  const TraceQueue& queue() const { return queue_; }
  Meter& meter() { return meter_; }
  const Meter& meter() const { return meter_; }
  // What is left out at present.
  ShedStep shedding() const { return shedding_.load(std::memory_order_relaxed); }

  // Behind what count_unsampled() has written before, for whoever reads both.
  void count_created(uint64_t spans) { add(created_, spans, std::memory_order_release); }
  // Spans of a trace that there was no reason to keep. They leave it with this one write.
  void count_unsampled(uint64_t spans) { add(unsampled_, spans, std::memory_order_release); }
  // Those of others leave it between these two, by count_dropped() and the queue.
  void begin_leaving() {
    changes_.store(changes_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
  }
  void end_leaving(uint64_t spans) {
    add(left_, spans);
    changes_.store(changes_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
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
  // Where every span is, as of one moment.
  SpanAccount account() const;
  // From the end of the oldest trace in the ring to the end of the newest.
  Duration ring_duration() const;

 private:
  static void add(Cell& cell, uint64_t n, std::memory_order order = std::memory_order_relaxed) {
    cell.store(cell.load(std::memory_order_relaxed) + n, order);
  }
  // A trace that began under another table may have a route that this one has not.
  uint8_t known(uint8_t route) const { return route < routes_ ? route : 0; }

  std::shared_ptr<SamplingTable> table_;
  // Of the table: this shard's part, what it reads of each route, and what it writes.
  SamplingTable::Part* part_;
  const SamplingTable::Live* live_;
  SamplingTable::Cells* const* cells_;
  uint8_t routes_;
  const Recording recording_;
  uint32_t table_number_ = 0;
  unsigned shard_;
  PathTable* const* paths_ = nullptr;  // the one of now
  StepDurations step_;
  const std::atomic<ShedStep>& shedding_;
  const bool wants_exemplars_;
  Random random_;
  Meter meter_;
  Cell changes_{0};  // odd while spans leave a trace
  Cell created_{0};
  Cell unsampled_{0};  // spans that left, and were dropped, by count_unsampled()
  Cell left_{0};       // other spans whose trace is finished, or that had no room in theirs
  std::array<Cell, drop_reason_names.size()> dropped_{};
  std::array<Cell, keep_reason_names.size()> kept_{};
  Exemplars exemplars_;
  SpanRing ring_;
  TraceQueue queue_;
  LogEvents logs_;
};

// What takes CPU beside the recording.
enum class CostPart : uint8_t {
  exporting,   // laying out and packing what is sent
  scraping,    // answering /metrics
  access_log,  // writing its lines, which the recording has laid out
};
inline constexpr std::array<std::string_view, 3> cost_part_names{"export", "scrape", "access_log"};

// A change of what is left out.
struct ShedChange {
  ShedStep before;
  ShedStep now;
  double share;      // of the CPU
  double share_max;  // the budget
};

class Tracing {
 public:
  Tracing(unsigned shards, const TelemetrySettings& settings, uint64_t seed);
  Tracing(const Tracing&) = delete;
  Tracing& operator=(const Tracing&) = delete;

  unsigned shards() const { return static_cast<unsigned>(tracers_.size()); }
  Tracer& tracer(unsigned shard) { return tracers_.at(shard); }
  const Tracer& tracer(unsigned shard) const { return tracers_.at(shard); }

  // What the process says about itself, on its way to an exporter. Any thread.
  EventOutbox& lines() { return lines_; }

  // Other sampling settings: the table that every shard must now be given (Tracer::use(), on the
  // shard); the present one where nothing has changed. Any thread.
  std::shared_ptr<SamplingTable> resample(const SamplingSettings& settings);
  std::shared_ptr<const SamplingTable> table() const;
  // The control loops of sampling and of what all this costs, about once a second, by one thread.
  // Tells when something else is left out from now on.
  std::optional<ShedChange> tick(MonoTime now);
  // CPU time that telemetry took beside the recording, which is metered. Any thread.
  void count_cost(CostPart part, Duration time) {
    costs_ns_[static_cast<size_t>(part)].fetch_add(
        static_cast<uint64_t>(std::max<int64_t>(time.count(), 0)), std::memory_order_relaxed);
  }

  // Spans carry monotonic times; the exporter adds the offset that was last set (at the start, and
  // every minute or so: the wall clock is stepped now and then). Any thread.
  void set_clock(MonoTime mono, WallTime wall) {
    wall_offset_ns_.store(nanos(wall) - nanos(mono), std::memory_order_relaxed);
  }
  int64_t wall_ns(int64_t mono_ns) const {
    return mono_ns + wall_offset_ns_.load(std::memory_order_relaxed);
  }

  // Where every span of all shards is. Any thread.
  SpanAccount account() const;

  // Kept traces by duration, the newest of all shards for each bucket that has one. Any thread.
  std::vector<Exemplar> exemplars() const;

  // Shows the counters above in `registry`, which must outlive this. Once.
  void observe(Registry& registry);

 private:
  template <class Read>
  Registry::Callback sum(Read read);
  void observe_routes(const std::shared_ptr<SamplingTable>& table);
  void observe_account();
  void observe_queues();
  void observe_cost();
  template <class Read>
  Registry::Callback of_account(Read read);
  uint64_t recording_ns() const;
  uint64_t spent_ns() const;
  std::optional<ShedChange> govern(MonoTime now, SamplingStrategy strategy);

  mutable std::mutex mutex_;  // guards table_ and what observes it
  std::shared_ptr<SamplingTable> table_;
  Registry* registry_ = nullptr;
  std::vector<Observation> route_observations_;
  const std::optional<double> share_max_;
  Governor governor_;
  std::atomic<ShedStep> shedding_{ShedStep::none};
  std::array<std::atomic<uint64_t>, cost_part_names.size()> costs_ns_{};
  std::atomic<uint64_t> shed_changes_{0};
  std::atomic<double> share_{0};
  uint64_t spent_before_ns_ = 0;  // the ticker's
  MonoTime governed_{};
  SpanAccount account_;  // as of this collection; guarded by the registry's lock
  std::deque<Tracer> tracers_;
  EventOutbox lines_;
  std::atomic<int64_t> wall_offset_ns_{0};
  std::vector<Observation> observations_;
};

}  // namespace weir::telemetry
