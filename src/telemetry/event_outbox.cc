#include "telemetry/event_outbox.h"

#include <algorithm>

#include "base/assert.h"

namespace weir::telemetry {

void EventOutbox::put(LoggedLine line) {
  if (!enabled()) return;
  const std::lock_guard lock(mutex_);
  if (lines_.size() >= lines_max_) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  lines_.push_back(std::move(line));
  recorded_.fetch_add(1, std::memory_order_relaxed);
}

void EventOutbox::peek(uint64_t lines_max, Batch& batch) {
  batch.records.clear();
  const std::lock_guard lock(mutex_);
  const size_t count = std::min<size_t>(lines_.size(), lines_max);
  for (size_t i = 0; i < count; ++i)
    batch.records.push_back(&lines_[i]);
}

void EventOutbox::settle(const Batch& batch, uint64_t count, uint64_t failed) {
  WEIR_ASSERT(count <= batch.records.size() && failed <= count);
  const std::lock_guard lock(mutex_);
  lines_.erase(lines_.begin(), lines_.begin() + static_cast<ptrdiff_t>(count));
  exported_.fetch_add(count - failed, std::memory_order_relaxed);
  failed_.fetch_add(failed, std::memory_order_relaxed);
}

}  // namespace weir::telemetry
