#include "runtime/bulk_buffers.h"

#include <sys/mman.h>

namespace weir::runtime {

BulkBuffers::BulkBuffers(uint32_t count, uint32_t bytes) : count_(count + 1), bytes_(bytes) {
  for (uint32_t i = count_; i-- > 0;)
    free_.push_back(i);
}

BulkBuffers::~BulkBuffers() {
  if (memory_) munmap(memory_, size_t{count_} * bytes_);
}

Result<> BulkBuffers::allocate() {
  // Pages that are never written cost nothing.
  void* memory = mmap(nullptr, size_t{count_} * bytes_, PROT_READ | PROT_WRITE,
                      MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (memory == MAP_FAILED) return fail(ErrorCode::overloaded, "no memory for receive buffers");
  memory_ = static_cast<char*>(memory);
  return {};
}

Chunk BulkBuffers::take(uint32_t size) {
  const uint32_t index = free_.back();
  if (free_.size() == 1) {
    ++exhausted_;
    return Chunk::copy_of({at(index), size});
  }
  free_.pop_back();
  return Chunk(*this, index, at(index), size);
}

}  // namespace weir::runtime
