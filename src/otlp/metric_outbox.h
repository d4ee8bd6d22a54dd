#pragma once
// MetricOutbox: the newest metrics on their way from the thread that collects them to the shard
// that sends them. Holds those of one collection; newer ones replace what was not sent yet, which
// loses nothing of what is cumulative, and is told of the rest. Any thread; the lock is held for a
// swap.

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "otlp/metric_encoder.h"

namespace weir::otlp {

class MetricOutbox {
 public:
  // Returns how many points were lost for good.
  uint64_t put(std::vector<MetricRequest> requests) {
    {
      const std::lock_guard lock(mutex_);
      requests_.swap(requests);
      waiting_.store(!requests_.empty(), std::memory_order_relaxed);
    }
    uint64_t lost = 0;
    for (const MetricRequest& replaced : requests)
      if (replaced.delta) lost += replaced.points;
    return lost;
  }
  std::vector<MetricRequest> take() {
    const std::lock_guard lock(mutex_);
    waiting_.store(false, std::memory_order_relaxed);
    return std::exchange(requests_, {});
  }
  // Whether there is something newer than what was taken.
  bool waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  std::mutex mutex_;  // guards requests_
  std::vector<MetricRequest> requests_;
  std::atomic<bool> waiting_{false};
};

}  // namespace weir::otlp
