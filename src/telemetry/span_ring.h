#pragma once
// SpanRing: a shard's flight recorder. The records (span_record.h) of its last finished traces,
// sent or not; the newest overwrites the oldest. Its memory is fixed; pages that were never written
// cost nothing. One writer. Any thread may take a snapshot meanwhile: words are copied one by one
// as relaxed atomics, and what was overwritten during the copy is cut off, in the manner of a
// seqlock.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.h"
#include "telemetry/span_record.h"

namespace weir::telemetry {

class SpanRing {
 public:
  // Rounded up to a power of two of at least 4 KiB.
  explicit SpanRing(uint64_t bytes);
  SpanRing(const SpanRing&) = delete;
  SpanRing& operator=(const SpanRing&) = delete;

  // The writer appends a record in parts: begin with its size (a multiple of 8), then the parts,
  // then publish. A record that exceeds a quarter of the ring is left out.
  bool begin(uint32_t bytes);
  void append(const void* part, size_t words) {
    const auto* from = static_cast<const char*>(part);
    const uint64_t at = write_ & mask_;
    write_ += words;
    if (at + words > mask_ + 1) [[unlikely]]
      return append_around(at, from, words);
    uint64_t* const to = words_.get() + at;
    for (size_t i = 0; i < words; ++i)
      store(to[i], from + 8 * i);
  }
  void publish(int64_t ended_ns) {
    newest_ns_.store(ended_ns, std::memory_order_relaxed);
    head_.store(write_, std::memory_order_release);
    // The next record goes where nobody has been since the ring's last round.
    for (uint64_t ahead = 0; ahead < prefetched_words; ahead += 64 / sizeof(uint64_t))
      __builtin_prefetch(&words_[(write_ + ahead) & mask_], 1);
  }

  // A consistent copy of what is in the ring, oldest record first. Any thread.
  class Snapshot {
   public:
    // Calls visit(TraceView), oldest first.
    template <class Visit>
    void each(Visit visit) const {
      for (size_t at = first_; at < words_.size();) {
        const TraceView trace(words_.data() + at);
        visit(trace);
        at += trace.header().bytes / 8;
      }
    }

   private:
    friend class SpanRing;
    std::vector<uint64_t> words_;
    size_t first_ = 0;
  };
  Snapshot snapshot() const;

  // Calls visit(TraceView) for the traces that ended at or after `since`, oldest first. Copies one
  // at a time to the stack, so that it allocates nothing and takes no lock; what is overwritten
  // meanwhile is skipped. Any thread, also in a signal handler.
  template <class Visit>
  void each_since(MonoTime since, Visit visit) const {
    std::array<uint64_t, record_words_max> copy;
    const uint64_t head = head_.load(std::memory_order_acquire);
    for (uint64_t at = tail_.load(std::memory_order_acquire); at < head;) {
      const size_t words = copy_record(at, copy);
      if (words == 0) {
        at = std::max(at + 1, tail_.load(std::memory_order_acquire));
        continue;
      }
      at += words;
      const TraceView trace(copy.data());
      if (trace.header().ended_ns >= nanos(since)) visit(trace);
    }
  }

  // From the end of the oldest trace in it to the end of the newest. Any thread.
  Duration duration() const;

  // The largest record that a Trace can write.
  static constexpr size_t record_words_max = 256;

  uint64_t capacity_bytes() const { return (mask_ + 1) * 8; }

 private:
  uint64_t load(uint64_t position) const {
    return std::atomic_ref(words_[position & mask_]).load(std::memory_order_relaxed);
  }

  static void store(uint64_t& to, const char* from) {
    uint64_t word;
    std::memcpy(&word, from, sizeof word);
    std::atomic_ref(to).store(word, std::memory_order_relaxed);
  }
  // Copies the record that starts at `at`; its words, or 0 when it is gone.
  size_t copy_record(uint64_t at, std::array<uint64_t, record_words_max>& copy) const;
  void append_around(uint64_t at, const char* from, size_t words);

  static constexpr uint64_t prefetched_words = 32;  // about a record of one span

  uint64_t mask_;  // words - 1
  std::unique_ptr<uint64_t[]> words_;
  uint64_t write_ = 0;             // the writer's own; positions count words and never wrap
  std::atomic<uint64_t> tail_{0};  // start of the oldest record
  std::atomic<uint64_t> head_{0};  // end of the newest
  std::atomic<int64_t> newest_ns_{0};
};

}  // namespace weir::telemetry
