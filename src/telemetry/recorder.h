#pragma once
// Recorder: the cells of one shard. The shard binds handles and records through them; whoever
// collects (registry.h) walks the cells at the same time, without a lock: instruments and points
// are only ever added, each published with a release store, and live as long as the Recorder.
//
// Bind what is known when the program is written with bind(). Label values that come from outside
// go through bind_dynamic() or a Family, which make at most `points_max` points for an instrument;
// whatever comes after is counted, exactly, in one more point labelled otel_metric_overflow="true".
// A look-up that finds its point allocates nothing. Label values are made valid UTF-8 and cut at
// 256 bytes before they are compared, so that no two points are written the same.

#include <atomic>
#include <cstdint>
#include <new>
#include <string_view>
#include <vector>

#include "telemetry/cell_arena.h"
#include "telemetry/instrument.h"

namespace weir::telemetry {

enum class InstrumentKind : uint8_t { counter, up_down_counter, gauge, histogram };

// Any declaration, as the registry and the exporters see it.
struct InstrumentInfo {
  InstrumentKind kind;
  std::string_view name;
  std::string_view unit;
  std::string_view help;
  LabelNames labels;
  uint32_t points_max = points_max_default;
  GaugeMerge merge = GaugeMerge::sum;
  double per_unit = 1;
  std::span<const double> bounds = {};

  size_t label_count() const;
};
InstrumentInfo info_of(const CounterDecl& decl);
InstrumentInfo info_of(const UpDownCounterDecl& decl);
InstrumentInfo info_of(const GaugeDecl& decl);
InstrumentInfo info_of(const HistogramDecl& decl);

inline constexpr size_t label_value_bytes_max = 256;

// One set of label values and what was recorded under it.
struct Point {
  const Point* next = nullptr;
  std::array<std::string_view, labels_max> values{};
  bool overflow = false;
  Cell* cell = nullptr;  // of all but histograms
  HistogramCell* histogram = nullptr;
};

// Cells of one shard side by side, in the order in which they are made: what is bound together is
// counted together, and a request then writes to few cache lines.
class CellRows {
 public:
  explicit CellRows(CellArena& arena) : arena_(&arena) {}

  Cell* make() {
    if (left_ == 0) {
      row_ = static_cast<Cell*>(arena_->allocate(sizeof(Cell) * cells_a_row, 64));
      left_ = cells_a_row;
    }
    return new (row_ + (cells_a_row - left_--)) Cell(0);
  }

 private:
  static constexpr size_t cells_a_row = 8;  // a cache line

  CellArena* arena_;
  Cell* row_ = nullptr;
  size_t left_ = 0;
};

// One instrument of one shard.
class Instrument {
 public:
  Instrument(const InstrumentInfo& info, CellArena& arena, CellRows& cells)
      : info_(info), arena_(&arena), cells_(&cells) {}

  const InstrumentInfo& info() const { return info_; }
  const Instrument* next() const { return next_; }
  // The newest point; any thread.
  const Point* points() const { return points_.load(std::memory_order_acquire); }

  // The point of these values, made if need be. The owner only.
  Point& fixed_point(LabelValues values) { return find_or_make(values, UINT32_MAX); }
  Point& dynamic_point(LabelValues values) { return find_or_make(values, info_.points_max); }

 private:
  friend class Recorder;
  struct Slot {
    uint64_t hash = 0;
    Point* point = nullptr;
  };

  Point& find_or_make(LabelValues values, uint32_t points_max);
  Point* find(LabelValues values, uint64_t hash) const;
  Point& make(LabelValues values, uint64_t hash);
  Point& overflow();
  Point& add_point();
  void insert(Slot slot);

  InstrumentInfo info_;
  CellArena* arena_;
  CellRows* cells_;
  Instrument* next_ = nullptr;
  std::atomic<Point*> points_{nullptr};
  std::vector<Slot> table_;  // open addressing, at most half full, size a power of two
  uint32_t point_count_ = 0;
  Point* overflow_ = nullptr;
};

template <class Handle>
Handle handle_of(Point& point) {
  if constexpr (std::is_same_v<Handle, Histogram>)
    return Histogram(*point.histogram);
  else
    return Handle(*point.cell);
}

// The points of one instrument by label values: for values that come with each request.
//   auto requests = recorder.family(requests_decl);   ...   requests.at({status, method}).add();
template <class Handle>
class Family {
 public:
  Family() = default;
  explicit Family(Instrument& instrument) : instrument_(&instrument) {}
  Handle at(LabelValues values) { return handle_of<Handle>(instrument_->dynamic_point(values)); }

 private:
  Instrument* instrument_ = nullptr;
};

class Recorder {
 public:
  Recorder() = default;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder();

  // The handle of a declaration with these label values. Binding twice gives the same cell.
  template <class Decl>
  typename Decl::Handle bind(const Decl& decl, LabelValues values = {}) {
    return handle_of<typename Decl::Handle>(instrument(info_of(decl)).fixed_point(values));
  }
  template <class Decl>
  typename Decl::Handle bind_dynamic(const Decl& decl, LabelValues values) {
    return handle_of<typename Decl::Handle>(instrument(info_of(decl)).dynamic_point(values));
  }
  template <class Decl>
  Family<typename Decl::Handle> family(const Decl& decl) {
    return Family<typename Decl::Handle>(instrument(info_of(decl)));
  }

  // The newest instrument; any thread.
  const Instrument* instruments() const { return instruments_.load(std::memory_order_acquire); }
  uint64_t memory_bytes() const { return arena_.bytes(); }

 private:
  Instrument& instrument(const InstrumentInfo& info);

  CellArena arena_;
  CellRows cells_{arena_};
  std::atomic<Instrument*> instruments_{nullptr};
};

}  // namespace weir::telemetry
