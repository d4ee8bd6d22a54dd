#pragma once
// SamplingTable: the sampling settings in force, compiled, with what the shards have seen under
// them and what follows from that. One a configuration, shared by all shards; a reload makes a new
// one. A shard reads thresholds and writes cells of its own; one thread ticks once a second and
// computes the thresholds of adaptive sampling and what is slow from all of them. No lock.
//
// Route 0 is every path that no setting names.

#include <atomic>
#include <string>
#include <vector>

#include "telemetry/histogram.h"
#include "telemetry/instrument.h"
#include "telemetry/keep_gate.h"
#include "telemetry/sampling_settings.h"

namespace weir::telemetry {

class SamplingTable {
 public:
  static constexpr size_t routes_max = 64;

  struct Rule {
    std::string name;  // as it was set; "" for all others
    std::string path;  // without '*'
    bool prefix = false;
    SamplingStrategy strategy{};
    double rate = 0;
    int64_t slow_ns = INT64_MAX;  // the setting
    bool critical = false;
  };

  // What of one route the shards read at each trace.
  struct Live {
    std::atomic<uint64_t> threshold{0};
    // At least this long is slow: the setting, or three times the route's p99 where enough was
    // seen.
    std::atomic<int64_t> slow_ns{INT64_MAX};
    // What takes less, and is no error, has no reason to be kept for certain.
    std::atomic<int64_t> certain_ns{INT64_MAX};
    SamplingStrategy strategy{};
    bool critical = false;
  };

  // What one shard has seen of one route.
  struct Cells {
    explicit Cells(CellArena& arena) : durations(arena) {}
    Cell traces{0};
    Cell errors{0};
    Cell kept{0};
    HistogramCell durations;
  };
  // What belongs to one shard. alignas: no two write to one cache line.
  struct alignas(64) Part {
    std::vector<Cells*> cells;  // by route, in the arena
    KeepGate certain;
    KeepGate budget;
    CellArena arena;
    uint64_t traces_before = 0;    // the ticker's
    std::atomic<double> share{0};  // of the ceilings
  };

  SamplingTable(const SamplingSettings& settings, unsigned shards);
  SamplingTable(const SamplingTable&) = delete;
  SamplingTable& operator=(const SamplingTable&) = delete;

  const SamplingSettings& settings() const { return settings_; }
  size_t routes() const { return routes_.size(); }
  const Rule& rule(size_t route) const { return routes_[route].rule; }

  // --- any thread ---
  const Live& live(size_t route) const { return live_[route]; }
  const Live* lives() const { return live_.data(); }  // by route
  uint64_t threshold(size_t route) const {
    return live_[route].threshold.load(std::memory_order_relaxed);
  }
  int64_t slow_ns(size_t route) const {
    return live_[route].slow_ns.load(std::memory_order_relaxed);
  }

  // --- a shard, with its own part ---
  Part& part(unsigned shard) { return parts_[shard]; }
  uint8_t route_of(std::string_view path) const {
    return routes_.size() == 1 ? 0 : find_route(path);
  }
  // The threshold of a trace that begins now and has `randomness`, which passes the route's.
  uint64_t decide(Part& part, size_t route, uint64_t randomness, MonoTime now) const {
    const uint64_t threshold = this->threshold(route);
    if (live_[route].strategy != SamplingStrategy::adaptive) return threshold;
    return decide_within_budget(part, threshold, randomness, now);
  }
  // The threshold of a trace that is to be kept for certain, which rises in a storm; say
  // part.certain.kept() if it passes.
  uint64_t certain_threshold(Part& part, MonoTime now) const;
  // What has ended, and where something follows from how long it took, that.
  static void count(Cells& cells) { add(cells.traces); }
  static void count_duration(Cells& cells, int64_t duration_ns) {
    cells.durations.count(static_cast<uint64_t>(std::max<int64_t>(duration_ns, 0)));
  }
  static void count_error(Cells& cells) { add(cells.errors); }
  static void count_kept(Cells& cells) { add(cells.kept); }

  // --- one thread, about once a second ---
  void tick(MonoTime now);

 private:
  struct Totals {
    uint64_t traces = 0;
    uint64_t errors = 0;
    uint64_t kept = 0;
  };
  // The ticker's: totals at the last tick, and distributions half a minute and a minute ago.
  struct Route {
    Rule rule;
    Totals before;
    MonoTime kept_last{};
    HistogramData older;
    HistogramData newer;
  };

  static void add(Cell& cell) {
    cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  uint8_t find_route(std::string_view path) const;
  void set_slow(size_t route, int64_t slow_ns);
  uint64_t decide_within_budget(Part& part, uint64_t threshold, uint64_t randomness,
                                MonoTime now) const;
  void take_share(Part& part) const;
  Totals totals(size_t route) const;
  void share_ceilings();
  void adapt_rates(MonoTime now, double elapsed);
  void find_slow(size_t index, bool rotate);

  const SamplingSettings settings_;
  std::vector<Route> routes_;
  std::vector<Live> live_;   // by route
  std::vector<Part> parts_;  // by shard
  MonoTime ticked_{};
  MonoTime rotated_{};
};

}  // namespace weir::telemetry
