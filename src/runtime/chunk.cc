#include "runtime/chunk.h"

#include <cstring>

#include "base/assert.h"

namespace weir::runtime {

Chunk Chunk::copy_of(std::string_view bytes) {
  Chunk chunk;
  if (bytes.empty()) return chunk;
  chunk.data_ = static_cast<char*>(std::malloc(bytes.size()));
  WEIR_ASSERT(chunk.data_);
  std::memcpy(chunk.data_, bytes.data(), bytes.size());
  chunk.size_ = static_cast<uint32_t>(bytes.size());
  return chunk;
}

void Chunk::give_back() {
  if (pool_) {
    pool_->give_back(index_);
  } else {
    std::free(data_ - offset_);
  }
  data_ = nullptr;
  size_ = offset_ = 0;
  pool_ = nullptr;
}

}  // namespace weir::runtime
