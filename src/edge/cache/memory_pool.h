#pragma once
// MemoryPool: the memory that the partitions of a store share. Each always keeps the least; the
// rest goes, in small parts, to whoever needs it, since keys are spread evenly but what is asked
// for, and how large it is, need not be. Who has more than a fair share gives back as soon as one
// that has less asks for more. Any thread; it only counts, eviction is the partitions' own.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weir::edge::cache {

class MemoryPool {
 public:
  MemoryPool(uint64_t bytes, size_t partitions)
      : fair_share_(bytes / partitions), free_(partitions * (fair_share_ - least())) {}

  uint64_t fair_share() const { return fair_share_; }
  // What a partition begins with, and never gives away.
  uint64_t least() const { return fair_share_ / 4; }
  // What goes from hand to hand at a time.
  uint64_t part() const { return std::max<uint64_t>(fair_share_ / 64, 1); }

  // At most `bytes` for a partition that has `quota`; answers how many. Who has a fair share leaves
  // a part to each that wants one.
  uint64_t take(uint64_t bytes, uint64_t quota) {
    const uint64_t kept =
        quota < fair_share_ ? 0 : part() * wanting_.load(std::memory_order_relaxed);
    uint64_t free = free_.load(std::memory_order_relaxed);
    uint64_t taken = 0;
    do
      taken = free > kept ? std::min(bytes, free - kept) : 0;
    while (taken > 0 &&
           !free_.compare_exchange_weak(free, free - taken, std::memory_order_relaxed));
    return taken;
  }
  void give(uint64_t bytes) { free_.fetch_add(bytes, std::memory_order_relaxed); }

  // Partitions with less than their share found nothing to take, and still would.
  bool wanted() const {
    return wanting_.load(std::memory_order_relaxed) > 0 &&
           free_.load(std::memory_order_relaxed) < part();
  }
  void begin_wanting() { wanting_.fetch_add(1, std::memory_order_relaxed); }
  void end_wanting() { wanting_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  const uint64_t fair_share_;
  std::atomic<uint64_t> free_;
  std::atomic<uint32_t> wanting_{0};
};

}  // namespace weir::edge::cache
