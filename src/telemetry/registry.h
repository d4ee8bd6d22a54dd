#pragma once
// Registry: all that a process measures. One per process, made before the shards, which take their
// Recorder from it; whoever exports asks it, from any thread, for the merged values of all shards.
// Never on a request's way.

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "telemetry/recorder.h"

namespace weir::telemetry {

// The merged value of one set of label values: of a counter, an up-down counter, a gauge or
// observed instrument, a histogram.
struct MetricPoint {
  std::vector<std::string> values;  // empty for the overflow point
  bool overflow = false;
  std::variant<uint64_t, int64_t, double, HistogramData> value;
};

struct Metric {
  InstrumentInfo info;
  std::vector<MetricPoint> points;  // by label values; the overflow point last
};

// By name.
struct Snapshot {
  std::vector<Metric> metrics;

  const Metric* find(std::string_view name) const;
};

class Registry;

// Keeps a callback registered for as long as it lives. Movable; must end before the Registry.
class Observation {
 public:
  Observation() = default;
  Observation(Observation&& other) noexcept : registry_(other.registry_), id_(other.id_) {
    other.registry_ = nullptr;
  }
  Observation& operator=(Observation&& other) noexcept {
    std::swap(registry_, other.registry_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~Observation();

 private:
  friend class Registry;
  Observation(Registry& registry, uint64_t id) : registry_(&registry), id_(id) {}

  Registry* registry_ = nullptr;
  uint64_t id_ = 0;
};

class Registry {
 public:
  using Callback = std::function<double()>;

  explicit Registry(unsigned shards);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  unsigned shards() const { return static_cast<unsigned>(recorders_.size()); }
  Recorder& recorder(unsigned shard) { return recorders_.at(shard); }

  // A value that is asked for at each collection, on the collecting thread, under a lock: the
  // callback must be quick, and of the Registry it may call only total() and memory_bytes().
  // Observations of one name and equal label values are added up, also to what shards have
  // recorded.
  [[nodiscard]] Observation observe(const CounterDecl& decl, LabelValues values, Callback callback);
  [[nodiscard]] Observation observe(const UpDownCounterDecl& decl, LabelValues values,
                                    Callback callback);
  [[nodiscard]] Observation observe(const GaugeDecl& decl, LabelValues values, Callback callback);
  // A distribution without labels that is the sum of all points of another one, whose declaration
  // has static storage: nobody has to record a value twice.
  [[nodiscard]] Observation observe_sum(const HistogramDecl& decl, const HistogramDecl& of);

  // Everything, merged. Any thread.
  Snapshot collect() const;
  // A counter summed over all shards and label values, without a whole collection or a lock. Any
  // thread.
  uint64_t total(const CounterDecl& decl) const;
  // Of all shards' cells. Any thread.
  uint64_t memory_bytes() const;

 private:
  friend class Observation;
  struct Observed {
    uint64_t id;
    InstrumentInfo info;
    std::vector<std::string> values;
    Callback callback;
    std::string_view sum_of = {};  // then without a callback
  };

  Observation add(const InstrumentInfo& info, LabelValues values, Callback callback,
                  std::string_view sum_of = {});
  void remove(uint64_t id);

  std::deque<Recorder> recorders_;
  mutable std::mutex mutex_;  // guards what is below
  std::list<Observed> observed_;
  uint64_t next_id_ = 1;
};

}  // namespace weir::telemetry
