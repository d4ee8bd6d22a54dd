#pragma once
// Instruments: what a module measures, declared once as constants with static storage, and the
// handles that record into them. A handle is a pointer to one cell of one shard's Recorder
// (recorder.h): bound ahead of time, copied freely, written by that shard alone, read by anyone who
// collects. Recording is a relaxed load and store: no lock, no read-modify-write, no allocation.
//
//   inline constexpr CounterDecl requests{.name = "http_requests_total", .unit = "1",
//       .help = "Requests answered.", .labels = {"status", "method"}};
//   Counter ok = recorder.bind(requests, {"200", "GET"});
//   ok.add();
//
// A name is the OpenTelemetry name; for Prometheus its dots become underscores and a counter's name
// ends in _total (prometheus.h).

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "base/time.h"
#include "telemetry/histogram.h"

namespace weir::telemetry {

inline constexpr size_t labels_max = 6;
// Names of an instrument's labels; the unused rest is empty.
using LabelNames = std::array<std::string_view, labels_max>;

// Points that bind_dynamic() makes for one instrument before the rest becomes one overflow point.
inline constexpr uint32_t points_max_default = 2000;

// The boundaries of OpenTelemetry's http.server.request.duration, in seconds and in milliseconds.
inline constexpr std::array seconds_bounds{.005, .01, .025, .05, .075, .1,  .25,
                                           .5,   .75, 1.,   2.5, 5.,   7.5, 10.};
inline constexpr std::array milliseconds_bounds{5.,   10.,  25.,   50.,   75.,   100.,  250.,
                                                500., 750., 1000., 2500., 5000., 7500., 10000.};

// How the shards' values of a gauge become one.
enum class GaugeMerge : uint8_t { sum, max };

class Counter;
class UpDownCounter;
class Gauge;
class Histogram;

// Counts what only grows.
struct CounterDecl {
  using Handle = Counter;
  std::string_view name;
  std::string_view unit;  // UCUM: "1", "By", "s"
  std::string_view help;  // one sentence for an operator
  LabelNames labels{};
  uint32_t points_max = points_max_default;
};

// Counts what comes and goes; the shards' values are added.
struct UpDownCounterDecl {
  using Handle = UpDownCounter;
  std::string_view name;
  std::string_view unit;
  std::string_view help;
  LabelNames labels{};
  uint32_t points_max = points_max_default;
};

// A value that is set.
struct GaugeDecl {
  using Handle = Gauge;
  std::string_view name;
  std::string_view unit;
  std::string_view help;
  LabelNames labels{};
  uint32_t points_max = points_max_default;
  GaugeMerge merge = GaugeMerge::sum;
};

// A distribution of integers. `per_unit` recorded values make one `unit`: durations are recorded in
// nanoseconds, so 1e9 for "s" and 1e6 for "ms". `bounds` (in `unit`) are Prometheus's only; they
// must have static storage.
struct HistogramDecl {
  using Handle = Histogram;
  std::string_view name;
  std::string_view unit;
  std::string_view help;
  LabelNames labels{};
  uint32_t points_max = points_max_default;
  double per_unit = 1e9;
  std::span<const double> bounds = seconds_bounds;
};

// The values of a point's labels, in the order of the declaration. Valid for one call.
class LabelValues {
 public:
  LabelValues() = default;
  // Implicit, so that a call reads bind(decl, {"200", "GET"}).
  // NOLINTBEGIN(google-explicit-constructor)
  LabelValues(std::initializer_list<std::string_view> values)
      : span_(values.begin(), values.size()) {}
  LabelValues(std::span<const std::string_view> values) : span_(values) {}
  // NOLINTEND(google-explicit-constructor)
  std::span<const std::string_view> span() const { return span_; }

 private:
  std::span<const std::string_view> span_;
};

using Cell = std::atomic<uint64_t>;

class Counter {
 public:
  Counter() = default;
  explicit Counter(Cell& cell) : cell_(&cell) {}
  void add(uint64_t n = 1) {
    cell_->store(cell_->load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return cell_->load(std::memory_order_relaxed); }

 private:
  Cell* cell_ = nullptr;
};

class UpDownCounter {
 public:
  UpDownCounter() = default;
  explicit UpDownCounter(Cell& cell) : cell_(&cell) {}
  void add(int64_t n = 1) {
    const uint64_t sum = cell_->load(std::memory_order_relaxed) + static_cast<uint64_t>(n);
    cell_->store(sum, std::memory_order_relaxed);
  }
  void subtract(int64_t n = 1) { add(-n); }
  int64_t value() const { return static_cast<int64_t>(cell_->load(std::memory_order_relaxed)); }

 private:
  Cell* cell_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  explicit Gauge(Cell& cell) : cell_(&cell) {}
  void set(double value) {
    cell_->store(std::bit_cast<uint64_t>(value), std::memory_order_relaxed);
  }
  double value() const { return std::bit_cast<double>(cell_->load(std::memory_order_relaxed)); }

 private:
  Cell* cell_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  explicit Histogram(HistogramCell& cell) : cell_(&cell) {}
  void record(uint64_t value) { cell_->record(value); }
  void record(uint64_t value, uint64_t times) { cell_->record(value, times); }
  // Nanoseconds; a negative duration counts as zero.
  void record(Duration duration) { cell_->record(counted(duration)); }
  void record(Duration duration, uint64_t times) { cell_->record(counted(duration), times); }
  bool operator==(const Histogram&) const = default;

 private:
  static uint64_t counted(Duration duration) {
    return static_cast<uint64_t>(std::max<int64_t>(duration.count(), 0));
  }

  HistogramCell* cell_ = nullptr;
};

}  // namespace weir::telemetry
