#pragma once
// ByteAccount: how many bytes of memory something holds, as the allocator counts them, so that what
// it rounds up is counted too. Written by any shard. Whoever must stay within a limit takes what it
// is going to need beforehand, all or nothing, and says afterwards what it was.

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace weir::edge::cache {

class ByteAccount {
 public:
  uint64_t bytes() const {
    const int64_t bytes = bytes_.load(std::memory_order_relaxed);
    return bytes > 0 ? static_cast<uint64_t>(bytes) : 0;
  }
  void add(uint64_t bytes) {
    bytes_.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  }
  // Adds `bytes` unless there were more than `limit` then.
  bool try_add(uint64_t bytes, uint64_t limit) {
    int64_t held = bytes_.load(std::memory_order_relaxed);
    do {
      if (std::max<int64_t>(held, 0) + static_cast<int64_t>(bytes) > static_cast<int64_t>(limit))
        return false;
    } while (!bytes_.compare_exchange_weak(held, held + static_cast<int64_t>(bytes),
                                           std::memory_order_relaxed));
    return true;
  }
  // `taken` bytes were added for what turned out to need `bytes`.
  void settle(uint64_t taken, uint64_t bytes) {
    bytes_.fetch_add(static_cast<int64_t>(bytes) - static_cast<int64_t>(taken),
                     std::memory_order_relaxed);
  }
  void subtract(uint64_t bytes) {
    bytes_.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  }

 private:
  std::atomic<int64_t> bytes_{0};
};

// What the allocator really took for `block`; 0 of nullptr.
uint64_t allocated_bytes(const void* block);

}  // namespace weir::edge::cache
