#pragma once
// ReceiveBudget: the bytes that a shard has received and that nobody has taken yet, over all its
// streams, and how many those may be. One a reactor. Streams ask it whether to go on reading, and
// whether to keep what came all the same. What consumers hold in their hands (one piece each) and
// the sockets' own buffers are not counted.

#include <cstddef>
#include <cstdint>

namespace weir::runtime {

class ReceiveBudget {
 public:
  // A stream reads on below `stream_bytes`; all of them together hold `shard_bytes` at most.
  ReceiveBudget(size_t stream_bytes, size_t shard_bytes)
      : stream_bytes_(stream_bytes), shard_bytes_(shard_bytes) {}

  // Whether a stream that holds so much goes on reading. From half of the shard's bytes on nobody
  // reads ahead any more.
  bool reads_on(size_t held) const {
    return held < stream_bytes_ && (held == 0 || waiting_ < shard_bytes_ / 2);
  }
  // Whether there is room for so much more, of a stream that holds so much. The last quarter is for
  // those that hold nothing yet.
  bool admits(size_t bytes, size_t held) const {
    return waiting_ + bytes <= shard_bytes_ - (held > 0 ? shard_bytes_ / 4 : 0);
  }
  void add(size_t bytes) { waiting_ += bytes; }
  void remove(size_t bytes) { waiting_ -= bytes; }

  // For metrics: what waits now, and how often a stream stopped reading or was cut off.
  size_t waiting() const { return waiting_; }
  uint64_t pauses() const { return pauses_; }
  uint64_t cut_off() const { return cut_off_; }
  void count_pause() { ++pauses_; }
  void count_cut_off() { ++cut_off_; }

 private:
  size_t stream_bytes_;
  size_t shard_bytes_;
  size_t waiting_ = 0;
  uint64_t pauses_ = 0;
  uint64_t cut_off_ = 0;
};

}  // namespace weir::runtime
