#pragma once
// TraceQueue: the kept traces of one shard on their way to an exporter, bounded in spans and in
// bytes. The shard pushes; one exporter, on any thread, takes batches, encodes them from where they
// lie, and says what became of them. Full means no: the trace is dropped, and its spans counted.

#include <vector>

#include "telemetry/byte_queue.h"
#include "telemetry/span_record.h"

namespace weir::telemetry {

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): the ends keep to their cache lines
class TraceQueue {
 public:
  // Bytes are bounded at `spans_max` times this.
  static constexpr uint64_t bytes_per_span = 512;

  explicit TraceQueue(uint32_t spans_max)
      : spans_max_(spans_max), queue_(uint64_t{spans_max} * bytes_per_span) {}

  // --- the shard ---
  // Room for a record of `bytes` with `spans` spans, or nullptr. push() publishes it.
  char* reserve(uint32_t bytes, uint32_t spans) {
    const uint64_t held =
        pushed_.load(std::memory_order_relaxed) - removed_.load(std::memory_order_acquire);
    return held + spans > spans_max_ ? nullptr : queue_.reserve(bytes);
  }
  void push(uint32_t bytes, uint32_t spans) {
    pushed_.store(pushed_.load(std::memory_order_relaxed) + spans, std::memory_order_release);
    queue_.commit(bytes);
  }

  // --- the exporter ---
  // The oldest traces, in place until they are given back.
  struct Batch {
    std::vector<TraceView> traces;
    uint64_t spans = 0;
    uint64_t end = 0;
  };
  // At most `spans_max` spans and `bytes_max` bytes of records, but at least one trace if there is
  // one. Does not remove it: asked again, it gives the same traces. Reuses the batch's memory.
  void peek(uint64_t spans_max, uint64_t bytes_max, Batch& batch);
  // The receiver has taken all but `refused` of its spans.
  void exported(const Batch& batch, uint64_t refused = 0) { remove(batch, refused); }
  void failed(const Batch& batch) { remove(batch, batch.spans); }

  // --- any thread ---
  uint64_t spans_pushed() const { return pushed_.load(std::memory_order_relaxed); }
  // What became of those that were taken out.
  struct Account {
    uint64_t exported = 0;
    uint64_t failed = 0;
    bool operator==(const Account&) const = default;
  };
  Account removed() const;
  uint64_t spans_held() const {
    const uint64_t removed = removed_.load(std::memory_order_acquire);
    const uint64_t pushed = pushed_.load(std::memory_order_acquire);
    return pushed - removed;
  }
  uint64_t spans_max() const { return spans_max_; }
  uint64_t spans_exported() const { return exported_.load(std::memory_order_relaxed); }
  uint64_t spans_failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  void remove(const Batch& batch, uint64_t failed);

  uint64_t spans_max_;
  ByteQueue queue_;
  std::atomic<uint64_t> pushed_{0};
  alignas(64) std::atomic<uint64_t> removed_{0};
  std::atomic<uint64_t> exported_{0};
  std::atomic<uint64_t> failed_{0};
};

}  // namespace weir::telemetry
