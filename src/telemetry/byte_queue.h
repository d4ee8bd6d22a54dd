#pragma once
// ByteQueue: a bounded ring of bytes between one producer and one consumer, each on a thread of its
// own. The producer writes runs that are contiguous in memory; the consumer sees the same runs, in
// order, again contiguous. Never blocks, never allocates after its construction; reserve() says no
// when it is full.
//
// A run that does not fit before the end of the memory starts at its beginning; `wrap_` is where
// the data of that lap ends. At most one such gap exists between tail and head at a time.

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/assert.h"

namespace weir::telemetry {

// Padded so that neither end writes to a cache line of the other.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
class ByteQueue {
 public:
  // Rounded up to a power of two of at least 4 KiB. Pages never written cost nothing.
  explicit ByteQueue(uint64_t bytes)
      : mask_(std::bit_ceil(std::max<uint64_t>(bytes, 4096)) - 1),
        memory_(std::make_unique_for_overwrite<char[]>(mask_ + 1)) {}
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

  // --- producer ---
  // Room for `n` bytes, or nullptr when the queue is full or `n` exceeds half of it (a larger run
  // might never fit, whatever the consumer does). The last call before commit() counts.
  char* reserve(size_t n) {
    const uint64_t capacity = mask_ + 1;
    const uint64_t to_end = capacity - (head_ & mask_);
    start_ = n <= to_end ? head_ : head_ + to_end;
    if (n > capacity / 2) return nullptr;
    if (start_ + n - cached_tail_ > capacity) {
      cached_tail_ = tail_.load(std::memory_order_acquire);
      if (start_ + n - cached_tail_ > capacity) return nullptr;
    }
    reserved_ = n;
    return memory_.get() + (start_ & mask_);
  }
  // Publishes the first `n` bytes of what was reserved.
  void commit(size_t n) {
    WEIR_ASSERT(n <= reserved_);
    if (start_ != head_) wrap_.store(head_, std::memory_order_relaxed);
    head_ = start_ + n;
    reserved_ = 0;
    published_.store(head_, std::memory_order_release);
    // The next run goes where nobody has been since the queue's last round.
    for (uint64_t ahead = 0; ahead < prefetched_bytes; ahead += 64)
      __builtin_prefetch(memory_.get() + ((head_ + ahead) & mask_), 1);
  }

  // --- consumer ---
  // The oldest bytes that lie together; empty when there are none.
  std::string_view front() { return from(position_); }
  // The bytes behind those that end at `position` (a value that came from here, or consumed()).
  std::string_view from(uint64_t& position) const {
    const uint64_t head = published_.load(std::memory_order_acquire);
    const uint64_t wrap = wrap_.load(std::memory_order_relaxed);
    if (position == wrap && position < head) position = (position | mask_) + 1;
    if (position == head) return {};
    // Data ends at the head, at the gap, or at the end of the memory, whichever comes first.
    uint64_t end = std::min(head, (position | mask_) + 1);
    if (wrap > position && wrap < end) end = wrap;
    return {memory_.get() + (position & mask_), end - position};
  }
  uint64_t consumed() const { return position_; }
  // Gives back all bytes before `position`.
  void consume_to(uint64_t position) {
    position_ = position;
    tail_.store(position, std::memory_order_release);
  }
  void consume(size_t n) { consume_to(position_ + n); }

  // Bytes in the queue, gaps included; any thread, approximate while both ends move.
  uint64_t size() const {
    const uint64_t tail = tail_.load(std::memory_order_relaxed);
    const uint64_t head = published_.load(std::memory_order_relaxed);
    return head > tail ? head - tail : 0;
  }
  uint64_t capacity() const { return mask_ + 1; }

 private:
  static constexpr uint64_t prefetched_bytes = 320;  // about a line of a log

  const uint64_t mask_;
  const std::unique_ptr<char[]> memory_;
  // The producer's.
  alignas(64) uint64_t head_ = 0;
  uint64_t start_ = 0;
  uint64_t reserved_ = 0;
  uint64_t cached_tail_ = 0;
  std::atomic<uint64_t> published_{0};
  std::atomic<uint64_t> wrap_{UINT64_MAX};
  // The consumer's.
  alignas(64) uint64_t position_ = 0;
  std::atomic<uint64_t> tail_{0};
};

}  // namespace weir::telemetry
