#pragma once
// BulkBuffers: large buffers that streams read into which expect bulk. One set a shard. The buffer
// that was given back last is the next to be written, so that what is read and sent on at once
// stays in the processor's cache however many streams there are; the kernel's own rings go through
// all their buffers in turn.

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "runtime/chunk.h"

namespace weir::runtime {

class BulkBuffers final : public ChunkPool {
 public:
  // `count` may be out with consumers, each of `bytes`.
  BulkBuffers(uint32_t count, uint32_t bytes);
  ~BulkBuffers();

  Result<> allocate();
  // Where to read next. The same until a take().
  std::span<char> room() { return {at(free_.back()), bytes_}; }
  // The first `size` bytes that were read into room(). A copy when no further buffer is left to
  // read into.
  Chunk take(uint32_t size);
  void give_back(uint32_t index) override { free_.push_back(index); }
  // How often take() had to copy.
  uint64_t exhausted() const { return exhausted_; }

 private:
  char* at(uint32_t index) const { return memory_ + size_t{index} * bytes_; }

  uint32_t count_;  // one more than may be out
  uint32_t bytes_;
  char* memory_ = nullptr;
  std::vector<uint32_t> free_;  // never empty
  uint64_t exhausted_ = 0;
};

}  // namespace weir::runtime
