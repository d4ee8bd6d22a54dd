#pragma once
// ByteAccount: how many bytes of memory something holds, as the allocator counts them, so that what
// it rounds up is counted too. Written by any shard; it does not refuse by itself, whoever charges
// asks before.

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
  void subtract(uint64_t bytes) {
    bytes_.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  }

 private:
  std::atomic<int64_t> bytes_{0};
};

// What the allocator really took for `block`; 0 of nullptr.
uint64_t allocated_bytes(const void* block);

}  // namespace weir::edge::cache
