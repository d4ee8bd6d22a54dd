#include "otlp/metric_collector.h"

#include <thread>

namespace weir::otlp {

MetricCollector::MetricCollector(telemetry::Registry& registry, MetricOutbox& outbox,
                                 const OtlpSettings& settings, const Resource& resource,
                                 WallTime start)
    : registry_(registry),
      outbox_(outbox),
      settings_(for_signal(settings, Signal::metrics)),
      start_(start),
      encoder_(resource),
      turned_at_(start),
      turned_last_(start),
      observation_(registry.observe(metric_points_left_out, {}, [this] {
        return static_cast<double>(left_out_.load(std::memory_order_relaxed));
      })) {}

void MetricCollector::use_paths(telemetry::PathAggregation& paths,
                                std::function<void()> ask_shards) {
  paths_ = &paths;
  ask_shards_ = std::move(ask_shards);
}

void MetricCollector::tick(MonoTime now, WallTime wall) {
  if (due_ == MonoTime()) due_ = after(now, settings_.metrics_interval);
  if (turning_ && paths_->turned()) return collect(wall);
  if (now < due_) return;
  due_ = after(now, settings_.metrics_interval);
  // A shard that is stuck does not keep everything else back.
  if (turning_ || begin_turn(wall)) collect(wall);
}

bool MetricCollector::begin_turn(WallTime wall) {
  if (!paths_ || !paths_->begin_turn()) return true;
  turning_ = true;
  turned_at_ = wall;
  ask_shards_();
  return false;
}

void MetricCollector::finish(WallTime wall) {
  constexpr int waits_max = 100;
  const auto wait = [this] {
    for (int waits = 0; turning_ && !paths_->turned() && waits < waits_max; ++waits)
      std::this_thread::sleep_for(milliseconds(1));  // allow(sleep): on a thread that is no shard
  };
  std::vector<MetricRequest> requests;
  // A turn that is under way leaves out what came behind it.
  wait();
  take_turn(requests);
  if (!begin_turn(wall)) wait();
  append(registry_.collect(), {start_, wall}, requests);
  take_turn(requests);
  left_out_.fetch_add(outbox_.put(std::move(requests)), std::memory_order_relaxed);
  // Shards end now, and cannot be asked any more.
  turning_ = false;
  paths_ = nullptr;
}

void MetricCollector::append(const telemetry::Snapshot& snapshot, MetricTimes times,
                             std::vector<MetricRequest>& requests) {
  uint64_t left_out = 0;
  if (examples_) encoder_.use_examples(examples_());
  for (MetricRequest& request :
       encoder_.encode(snapshot, times, settings_.batch_bytes_max, left_out)) {
    if (settings_.compression == Compression::gzip) {
      gzip_.begin();
      gzip_.add(request.body);
      request.body = gzip_.end();
    }
    requests.push_back(std::move(request));
  }
  left_out_.fetch_add(left_out, std::memory_order_relaxed);
}

void MetricCollector::take_turn(std::vector<MetricRequest>& requests) {
  if (!turning_ || !paths_->turned()) return;
  append(paths_->take(), {turned_last_, turned_at_, true}, requests);
  turned_last_ = turned_at_;
  turning_ = false;
}

void MetricCollector::collect(WallTime wall) {
  std::vector<MetricRequest> requests;
  append(registry_.collect(), {start_, wall}, requests);
  take_turn(requests);
  left_out_.fetch_add(outbox_.put(std::move(requests)), std::memory_order_relaxed);
}

}  // namespace weir::otlp
