#pragma once
// SpanRing: a shard's flight recorder. The records (span_record.h) of its last finished traces,
// sent or not; the newest overwrites the oldest, a 64th of the ring at a time, so that the writer
// has to look at none of what it overwrites. Its memory is fixed; until prepare() pages that were
// never written cost nothing. One writer. Any thread may take a snapshot meanwhile: words are
// copied one by one as relaxed atomics, and what was overwritten during the copy is cut off, in the
// manner of a seqlock.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "base/time.h"
#include "telemetry/served_request.h"
#include "telemetry/span_record.h"

namespace weir::telemetry {

class SpanRing {
 public:
  // Rounded up to a power of two of at least 4 KiB.
  explicit SpanRing(uint64_t bytes);
  SpanRing(const SpanRing&) = delete;
  SpanRing& operator=(const SpanRing&) = delete;

  // Takes all of its memory from the system now, in large pages where there are some. Otherwise the
  // first record in each page has to wait for it, which is more than a record costs. Before the
  // first record.
  void prepare();

  // Writes the record of a trace: its head (header and spans), and its entries. One that exceeds a
  // quarter of the ring is left out. Those that are open end with it, or as they began.
  [[gnu::always_inline]] void write(const uint64_t* head, size_t spans, const uint64_t* entries,
                                    size_t entry_words, int64_t ended_ns) {
    const size_t head_words = header_words + spans * span_words;
    const uint64_t at = written_;
    if (at != head_.load(std::memory_order_relaxed)) [[unlikely]]
      close(std::max(ended_ns, open_since_ns_));
    const uint64_t end = at + head_words + entry_words;
    if (end >= room_end_ && !make_room(at, end)) [[unlikely]]
      return;
    const uint64_t first = at & mask_;
    if (first + (end - at) > mask_ + 1) [[unlikely]] {
      copy_around(at, head, head_words);
      copy_around(at + head_words, entries, entry_words);
    } else {
      uint64_t* to = words_.get() + first;
      copy<header_words>(to, head);
      for (size_t i = 0; i < spans; ++i)
        copy<span_words>(to + header_words + i * span_words, head + header_words + i * span_words);
      copy_few(to + head_words, entries, entry_words);
    }
    publish(end, ended_ns);
    prefetch();
  }
  // Writes a record in its short form, whose size `layout` gives, for close() to say when it ended;
  // until then nobody sees it. False: it does not fit in one piece here, or there are too many.
  [[gnu::always_inline]] bool write_open(ServedRecord served, const ServedLayout& layout) {
    constexpr size_t head_words = sizeof(ServedRecord) / 8;
    const size_t words = head_words + layout.words();
    const uint64_t at = written_;
    const uint64_t first = at & mask_, end = at + words;
    if (first + words > mask_ + 1 || end - head_.load(std::memory_order_relaxed) > open_max() ||
        (end >= room_end_ && !make_room(at, end))) [[unlikely]]
      return false;
    served.bytes = static_cast<uint32_t>(words * 8);
    uint64_t* const to = words_.get() + first;
    copy<head_words>(to, std::bit_cast<std::array<uint64_t, head_words>>(served).data());
    layout.write(to + head_words);
    written_ = end;
    open_since_ns_ = served.start_ns;
    prefetch();
    return true;
  }
  // All that were written open ended at `ended_ns`.
  void close(int64_t ended_ns) {
    uint64_t at = head_.load(std::memory_order_relaxed);
    if (at == written_) return;
    while (at != written_) {
      uint64_t* const record = words_.get() + (at & mask_);
      put_word(record + offsetof(ServedRecord, end_ns) / 8, static_cast<uint64_t>(ended_ns));
      at += static_cast<uint32_t>(*record) / 8;
    }
    publish(written_, ended_ns);
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
  static constexpr size_t record_words_max = 288;

  uint64_t capacity_bytes() const { return (mask_ + 1) * 8; }

 private:
  uint64_t load(uint64_t position) const {
    return std::atomic_ref(words_[position & mask_]).load(std::memory_order_relaxed);
  }

  template <size_t words>
  static void copy(uint64_t* to, const uint64_t* from) {
    for (size_t i = 0; i < words; ++i)
      put_word(to + i, from[i]);
  }
  // To prepare for many would take longer.
  static void copy_few(uint64_t* to, const uint64_t* from, size_t words) {
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < words; ++i)
      put_word(to + i, from[i]);
  }
  void publish(uint64_t end, int64_t ended_ns) {
    written_ = end;
    newest_ns_.store(ended_ns, std::memory_order_relaxed);
    head_.store(end, std::memory_order_release);
  }
  // The next record goes where nobody has been since the ring's last round.
  void prefetch() {
    const uint64_t* const next = words_.get() + (written_ & mask_);
    for (size_t ahead = 0; ahead < prefetched_words; ahead += 64 / sizeof(uint64_t))
      __builtin_prefetch(next + ahead, 1);
  }
  uint64_t open_max() const { return (mask_ + 1) / 4; }
  // Copies the record that starts at `at`; its words, or 0 when it is gone.
  size_t copy_record(uint64_t at, std::array<uint64_t, record_words_max>& copy) const;
  // A part of a record to `at`, with the ring's end in its midst.
  [[gnu::cold, gnu::noinline]] void copy_around(uint64_t at, const uint64_t* from, size_t words);
  // Gives up the oldest segments, so that a record from `at` to `end` has room.
  [[gnu::cold, gnu::noinline]] bool make_room(uint64_t at, uint64_t end);

  static constexpr size_t header_words = sizeof(TraceHeader) / 8;
  static constexpr size_t span_words = sizeof(SpanRecord) / 8;
  static constexpr size_t prefetched_words = 16;  // about a record of a hit
  static constexpr size_t segments = 64;

  struct Free {
    std::align_val_t alignment;
    void operator()(uint64_t* words) const { ::operator delete(words, alignment); }
  };

  // What a record needs lies together, apart from what only a new segment does.
  uint64_t mask_;  // words - 1
  std::unique_ptr<uint64_t[], Free> words_;
  uint64_t room_end_;              // a segment's end; a record that reaches it asks
  uint64_t written_ = 0;           // end of what is written, open or not
  int64_t open_since_ns_ = 0;      // when the last open one began
  std::atomic<uint64_t> head_{0};  // end of the newest that is not open
  std::atomic<int64_t> newest_ns_{0};
  std::atomic<uint64_t> tail_{0};            // start of the oldest record
  std::array<uint64_t, segments> starts_{};  // of the first record that begins in or after each
};

}  // namespace weir::telemetry
