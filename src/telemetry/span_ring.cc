#include "telemetry/span_ring.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <sys/mman.h>

#include "base/units.h"

namespace weir::telemetry {

namespace {

// So that a ring of them may lie in large pages.
std::align_val_t alignment_of(uint64_t bytes) {
  return std::align_val_t{std::min(bytes, 2 * MiB)};
}

uint64_t* allocate(uint64_t bytes) {
  return static_cast<uint64_t*>(::operator new(bytes, alignment_of(bytes)));
}

}  // namespace

SpanRing::SpanRing(uint64_t bytes)
    : mask_(std::bit_ceil(std::max<uint64_t>(bytes, 4096)) / 8 - 1),
      words_(allocate(capacity_bytes()), Free{alignment_of(capacity_bytes())}),
      room_end_((mask_ + 1) / segments) {}

void SpanRing::prepare() {
  // Where the system refuses either of them, pages come as they are needed.
  (void)::madvise(words_.get(), capacity_bytes(), MADV_HUGEPAGE);
  (void)::madvise(words_.get(), capacity_bytes(), MADV_POPULATE_WRITE);
}

bool SpanRing::make_room(uint64_t at, uint64_t end) {
  const uint64_t capacity = mask_ + 1, segment = capacity / segments;
  if (end - at > capacity / 4) return false;
  for (; room_end_ <= end; room_end_ += segment)
    starts_[room_end_ / segment % segments] = end;
  if (room_end_ <= capacity) return true;
  tail_.store(starts_[(room_end_ - capacity) / segment % segments], std::memory_order_relaxed);
  // Whoever sees a word written from here on also sees that the record it replaces is gone.
  std::atomic_thread_fence(std::memory_order_release);
  return true;
}

void SpanRing::copy_around(uint64_t at, const uint64_t* from, size_t words) {
  for (size_t i = 0; i < words; ++i)
    put_word(&words_[(at + i) & mask_], from[i]);
}

SpanRing::Snapshot SpanRing::snapshot() const {
  Snapshot result;
  const uint64_t head = head_.load(std::memory_order_acquire);
  const uint64_t tail = tail_.load(std::memory_order_acquire);
  // A whole ring was written between the two loads: as if asked a moment earlier or later.
  if (tail >= head) return result;
  result.words_.resize(head - tail);
  for (uint64_t i = 0; i < head - tail; ++i)
    result.words_[i] = load(tail + i);
  std::atomic_thread_fence(std::memory_order_acquire);
  const uint64_t overwritten = tail_.load(std::memory_order_relaxed) - tail;
  result.first_ = std::min<uint64_t>(overwritten, result.words_.size());
  return result;
}

size_t SpanRing::copy_record(uint64_t at, std::array<uint64_t, record_words_max>& copy) const {
  const size_t words = static_cast<uint32_t>(load(at)) / 8;
  if (words > 0 && words <= copy.size())
    for (size_t i = 0; i < words; ++i)
      copy[i] = load(at + i);
  std::atomic_thread_fence(std::memory_order_acquire);
  const bool gone = tail_.load(std::memory_order_relaxed) > at;
  return gone || words > copy.size() ? 0 : words;
}

Duration SpanRing::duration() const {
  const uint64_t head = head_.load(std::memory_order_acquire);
  const uint64_t tail = tail_.load(std::memory_order_acquire);
  if (tail >= head) return Duration::zero();
  const auto oldest = static_cast<int64_t>(load(tail + offsetof(TraceHeader, ended_ns) / 8));
  std::atomic_thread_fence(std::memory_order_acquire);
  // Overwritten in this moment: then the ring turns so fast that it holds next to nothing.
  if (tail_.load(std::memory_order_relaxed) != tail) return Duration::zero();
  return Duration(std::max<int64_t>(0, newest_ns_.load(std::memory_order_relaxed) - oldest));
}

}  // namespace weir::telemetry
