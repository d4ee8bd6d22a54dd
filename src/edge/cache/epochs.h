#pragma once
// Epochs: which memory may be freed that readers without a lock may have found. Each shard says
// from which epoch on it may hold something, or that it holds nothing; an owner stamps what it took
// out of an index and frees it when every shard has come past the stamp. Epoch-based reclamation
// (Fraser 2004), with a shard's turn as the critical section. A shard that sleeps holds nothing.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace weir::edge::cache {

class Epochs {
 public:
  static constexpr uint64_t nothing = UINT64_MAX;

  explicit Epochs(size_t shards) : shards_(shards), slots_(new Slot[shards]) {}

  // Shard `shard` begins to read; answers the epoch that it then holds. What is read from an index
  // afterwards is not freed until it says otherwise.
  uint64_t enter(size_t shard) {
    const uint64_t epoch = clock_.load(std::memory_order_acquire);
    slots_[shard].held_from.store(epoch, std::memory_order_relaxed);
    // The store above before the reads of the index, as the owner unlinks before it looks at the
    // slots: one of the two sees the other.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return epoch;
  }
  uint64_t now() const { return clock_.load(std::memory_order_acquire); }
  // The shard holds nothing older than `epoch` any more.
  void hold_from(size_t shard, uint64_t epoch) {
    slots_[shard].held_from.store(epoch, std::memory_order_release);
  }

  // The stamp for what its owner has unlinked before this call.
  uint64_t stamp() { return clock_.fetch_add(1, std::memory_order_seq_cst); }
  // What has a stamp below this is held by nobody.
  uint64_t oldest_held() const {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    uint64_t oldest = nothing;
    for (size_t i = 0; i < shards_; ++i)
      oldest = std::min(oldest, slots_[i].held_from.load(std::memory_order_acquire));
    return oldest;
  }

 private:
  struct alignas(64) Slot {
    std::atomic<uint64_t> held_from{nothing};
  };

  size_t shards_;
  std::unique_ptr<Slot[]> slots_;
  alignas(64) std::atomic<uint64_t> clock_{1};
};

}  // namespace weir::edge::cache
