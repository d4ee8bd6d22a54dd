#include "telemetry/registry.h"

#include <algorithm>
#include <unordered_map>

#include "base/assert.h"

namespace weir::telemetry {

namespace {

using Value = decltype(MetricPoint::value);

Value read(const InstrumentInfo& info, const Point& point) {
  if (info.kind == InstrumentKind::histogram) {
    HistogramData data;
    point.histogram->read(data);
    return data;
  }
  const uint64_t bits = point.cell->load(std::memory_order_relaxed);
  switch (info.kind) {
    case InstrumentKind::up_down_counter:
      return static_cast<int64_t>(bits);
    case InstrumentKind::gauge:
      return std::bit_cast<double>(bits);
    default:
      return bits;
  }
}

double as_double(const Value& value) {
  if (const auto* count = std::get_if<uint64_t>(&value)) return static_cast<double>(*count);
  if (const auto* sum = std::get_if<int64_t>(&value)) return static_cast<double>(*sum);
  return std::get<double>(value);
}

void merge(const InstrumentInfo& info, Value& into, const Value& value) {
  if (auto* data = std::get_if<HistogramData>(&into))
    return data->merge(std::get<HistogramData>(value));
  if (into.index() != value.index()) {
    into = as_double(into) + as_double(value);
  } else if (auto* count = std::get_if<uint64_t>(&into)) {
    *count += std::get<uint64_t>(value);
  } else if (auto* sum = std::get_if<int64_t>(&into)) {
    *sum += std::get<int64_t>(value);
  } else {
    const double ours = std::get<double>(into), theirs = std::get<double>(value);
    into = info.merge == GaugeMerge::max ? std::max(ours, theirs) : ours + theirs;
  }
}

// Gathers points from shards and callbacks under their names and label values.
class Merger {
 public:
  void add(const InstrumentInfo& info, MetricPoint point) {
    const auto [at, is_new] = metrics_.try_emplace(info.name, snapshot_.metrics.size());
    if (is_new) {
      snapshot_.metrics.push_back({info, {}});
      points_.emplace_back();
    }
    Metric& metric = snapshot_.metrics[at->second];
    WEIR_ASSERT(metric.info.kind == info.kind);
    const auto [place, first] =
        points_[at->second].try_emplace(key_of(point), metric.points.size());
    if (first)
      metric.points.push_back(std::move(point));
    else
      merge(info, metric.points[place->second].value, point.value);
  }

  // A declaration without points yet is listed too, so that its help can be read.
  void declare(const InstrumentInfo& info) {
    if (!metrics_.try_emplace(info.name, snapshot_.metrics.size()).second) return;
    snapshot_.metrics.push_back({info, {}});
    points_.emplace_back();
  }

  void add_sum(const InstrumentInfo& info, std::string_view of) {
    HistogramData sum;
    if (const auto at = metrics_.find(of); at != metrics_.end())
      for (const MetricPoint& point : snapshot_.metrics[at->second].points)
        sum.merge(std::get<HistogramData>(point.value));
    add(info, {{}, false, std::move(sum)});
  }

  Snapshot finish() {
    auto& metrics = snapshot_.metrics;
    std::sort(metrics.begin(), metrics.end(),
              [](const Metric& a, const Metric& b) { return a.info.name < b.info.name; });
    for (Metric& metric : metrics)
      std::sort(metric.points.begin(), metric.points.end(), before);
    return std::move(snapshot_);
  }

 private:
  static bool before(const MetricPoint& a, const MetricPoint& b) {
    return a.overflow != b.overflow ? b.overflow : a.values < b.values;
  }
  static std::string key_of(const MetricPoint& point) {
    std::string key(point.overflow ? "o" : "v");
    for (const std::string& value : point.values)
      key.append(value).push_back('\xff');  // no byte of valid UTF-8
    return key;
  }

  Snapshot snapshot_;
  std::unordered_map<std::string_view, size_t> metrics_;
  std::vector<std::unordered_map<std::string, size_t>> points_;
};

void add_recorder(Merger& merger, const Recorder& recorder) {
  for (const Instrument* instrument = recorder.instruments(); instrument;
       instrument = instrument->next()) {
    const InstrumentInfo& info = instrument->info();
    merger.declare(info);
    for (const Point* point = instrument->points(); point; point = point->next) {
      const size_t count = point->overflow ? 0 : info.label_count();
      merger.add(info, {{point->values.begin(), point->values.begin() + count},
                        point->overflow,
                        read(info, *point)});
    }
  }
}

}  // namespace

const Metric* Snapshot::find(std::string_view name) const {
  for (const Metric& metric : metrics)
    if (metric.info.name == name) return &metric;
  return nullptr;
}

Observation::~Observation() {
  if (registry_) registry_->remove(id_);
}

Registry::Registry(unsigned shards) : recorders_(shards) {}

Observation Registry::observe(const CounterDecl& decl, LabelValues values, Callback callback) {
  return add(info_of(decl), values, std::move(callback));
}
Observation Registry::observe(const UpDownCounterDecl& decl, LabelValues values,
                              Callback callback) {
  return add(info_of(decl), values, std::move(callback));
}
Observation Registry::observe(const GaugeDecl& decl, LabelValues values, Callback callback) {
  return add(info_of(decl), values, std::move(callback));
}

Observation Registry::observe_sum(const HistogramDecl& decl, const HistogramDecl& of) {
  return add(info_of(decl), {}, nullptr, of.name);
}

Observation Registry::add(const InstrumentInfo& info, LabelValues values, Callback callback,
                          std::string_view sum_of) {
  WEIR_ASSERT(values.span().size() == info.label_count());
  const std::lock_guard lock(mutex_);
  const uint64_t id = next_id_++;
  observed_.push_back(
      {id, info, {values.span().begin(), values.span().end()}, std::move(callback), sum_of});
  return Observation(*this, id);
}

void Registry::remove(uint64_t id) {
  const std::lock_guard lock(mutex_);
  observed_.remove_if([id](const Observed& observed) { return observed.id == id; });
}

Snapshot Registry::collect() const {
  Merger merger;
  for (const Recorder& recorder : recorders_)
    add_recorder(merger, recorder);
  const std::lock_guard lock(mutex_);
  for (const Observed& observed : observed_) {
    if (observed.sum_of.empty())
      merger.add(observed.info, {observed.values, false, observed.callback()});
    else
      merger.add_sum(observed.info, observed.sum_of);
  }
  return merger.finish();
}

uint64_t Registry::total(const CounterDecl& decl) const {
  uint64_t sum = 0;
  for (const Recorder& recorder : recorders_)
    for (const Instrument* i = recorder.instruments(); i; i = i->next())
      if (i->info().name == decl.name)
        for (const Point* point = i->points(); point; point = point->next)
          sum += point->cell->load(std::memory_order_relaxed);
  return sum;
}

uint64_t Registry::memory_bytes() const {
  uint64_t bytes = 0;
  for (const Recorder& recorder : recorders_)
    bytes += recorder.memory_bytes();
  return bytes;
}

}  // namespace weir::telemetry
