#pragma once
// Backlog: requests that are due and wait for a free connection, by the time at which they were
// due, oldest first. Bounded: what does not fit is counted as missed, never forgotten. A value of
// one shard.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"

namespace weir::load {

class Backlog {
 public:
  explicit Backlog(uint32_t capacity) : due_(capacity) {}

  // False when it is full; then the request is missed.
  bool push(MonoTime due) {
    if (size_ == due_.size()) {
      ++missed_;
      return false;
    }
    due_[(first_ + size_++) % due_.size()] = due;
    return true;
  }
  std::optional<MonoTime> pop() {
    if (size_ == 0) return std::nullopt;
    const MonoTime due = due_[first_];
    first_ = (first_ + 1) % due_.size();
    --size_;
    return due;
  }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  uint64_t missed() const { return missed_; }

 private:
  std::vector<MonoTime> due_;
  size_t first_ = 0;
  size_t size_ = 0;
  uint64_t missed_ = 0;
};

}  // namespace weir::load
