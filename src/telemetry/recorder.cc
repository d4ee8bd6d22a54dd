#include "telemetry/recorder.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/hash.h"
#include "telemetry/utf8.h"

namespace weir::telemetry {

namespace {

uint64_t hash_of(LabelValues values) {
  uint64_t h = 0x9ae16a3b2f90404f;
  for (const std::string_view value : values.span())
    h = hash(value, h);
  return h;
}

bool same(const Point& point, LabelValues values) {
  const auto wanted = values.span();
  return std::equal(wanted.begin(), wanted.end(), point.values.begin());
}

// Label values as they are kept: valid UTF-8 of bounded length.
class CanonicalValues {
 public:
  explicit CanonicalValues(LabelValues values) : count_(values.span().size()) {
    for (size_t i = 0; i < count_; ++i) {
      const std::string_view value = values.span()[i];
      views_[i] = value;
      if (value.size() <= label_value_bytes_max && valid_utf8(value)) continue;
      views_[i] = to_valid_utf8(value, texts_[i]);
      changed_ = true;
    }
  }
  bool changed() const { return changed_; }
  LabelValues values() const { return std::span(views_.data(), count_); }

 private:
  size_t count_;
  bool changed_ = false;
  std::array<std::string_view, labels_max> views_;
  std::array<std::array<char, label_value_bytes_max>, labels_max> texts_;
};

}  // namespace

size_t InstrumentInfo::label_count() const {
  const auto end = std::find(labels.begin(), labels.end(), std::string_view());
  return static_cast<size_t>(end - labels.begin());
}

InstrumentInfo info_of(const CounterDecl& d) {
  return {InstrumentKind::counter, d.name, d.unit, d.help, d.labels, d.points_max};
}
InstrumentInfo info_of(const UpDownCounterDecl& d) {
  return {InstrumentKind::up_down_counter, d.name, d.unit, d.help, d.labels, d.points_max};
}
InstrumentInfo info_of(const GaugeDecl& d) {
  return {InstrumentKind::gauge, d.name, d.unit, d.help, d.labels, d.points_max, d.merge};
}
InstrumentInfo info_of(const HistogramDecl& d) {
  return {InstrumentKind::histogram, d.name,     d.unit,  d.help, d.labels, d.points_max,
          GaugeMerge::sum,           d.per_unit, d.bounds};
}

Point* Instrument::find(LabelValues values, uint64_t hash) const {
  if (table_.empty()) return nullptr;
  const size_t mask = table_.size() - 1;
  for (size_t i = hash & mask; table_[i].point; i = (i + 1) & mask)
    if (table_[i].hash == hash && same(*table_[i].point, values)) return table_[i].point;
  return nullptr;
}

Point& Instrument::find_or_make(LabelValues values, uint32_t points_max) {
  const uint64_t raw_hash = hash_of(values);
  if (Point* point = find(values, raw_hash)) [[likely]]
    return *point;
  WEIR_ASSERT(values.span().size() == info_.label_count());
  const CanonicalValues canonical(values);
  const uint64_t hash = canonical.changed() ? hash_of(canonical.values()) : raw_hash;
  if (canonical.changed())
    if (Point* point = find(canonical.values(), hash)) return *point;
  if (point_count_ >= points_max) return overflow();
  return make(canonical.values(), hash);
}

Point& Instrument::add_point() {
  Point* point = arena_->make<Point>();
  if (info_.kind == InstrumentKind::histogram)
    point->histogram = arena_->make<HistogramCell>(*arena_);
  else
    point->cell = cells_->make();
  return *point;
}

Point& Instrument::make(LabelValues values, uint64_t hash) {
  Point& point = add_point();
  for (size_t i = 0; i < values.span().size(); ++i) {
    const std::string_view value = values.span()[i];
    if (value.empty()) continue;
    auto* text = static_cast<char*>(arena_->allocate(value.size(), 1));
    std::memcpy(text, value.data(), value.size());
    point.values[i] = {text, value.size()};
  }
  ++point_count_;
  insert({hash, &point});
  point.next = points_.load(std::memory_order_relaxed);
  points_.store(&point, std::memory_order_release);
  return point;
}

Point& Instrument::overflow() {
  if (overflow_) return *overflow_;
  overflow_ = &add_point();
  overflow_->overflow = true;
  overflow_->next = points_.load(std::memory_order_relaxed);
  points_.store(overflow_, std::memory_order_release);
  return *overflow_;
}

void Instrument::insert(Slot slot) {
  if (size_t{point_count_} * 2 > table_.size()) {
    std::vector<Slot> old(std::max<size_t>(8, table_.size() * 2));
    old.swap(table_);
    for (const Slot& entry : old)
      if (entry.point) insert(entry);
  }
  const size_t mask = table_.size() - 1;
  size_t i = slot.hash & mask;
  while (table_[i].point)
    i = (i + 1) & mask;
  table_[i] = slot;
}

Recorder::~Recorder() {
  Instrument* instrument = instruments_.load(std::memory_order_relaxed);
  while (instrument) {
    Instrument* next = instrument->next_;
    delete instrument;
    instrument = next;
  }
}

Instrument& Recorder::instrument(const InstrumentInfo& info) {
  Instrument* newest = instruments_.load(std::memory_order_relaxed);
  for (Instrument* known = newest; known; known = known->next_) {
    if (known->info_.name != info.name) continue;
    // Two declarations of one name would be written as one metric.
    WEIR_ASSERT(known->info_.kind == info.kind && known->info_.labels == info.labels);
    return *known;
  }
  auto* instrument = new Instrument(info, arena_, cells_);
  instrument->next_ = newest;
  instruments_.store(instrument, std::memory_order_release);
  return *instrument;
}

}  // namespace weir::telemetry
