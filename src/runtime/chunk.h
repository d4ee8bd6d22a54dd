#pragma once
// Chunk: bytes that were received, and the lease on the memory that they lie in: a buffer of the
// reactor's pool, or the heap. Move-only; gives its memory back when it dies, on the shard that
// received it. Empty means end of stream.

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace weir::runtime {

// Takes buffers back. Implemented by the reactors' pools.
class ChunkPool {
 public:
  virtual void give_back(uint32_t index) = 0;

 protected:
  ~ChunkPool() = default;
};

class Chunk {
 public:
  Chunk() = default;
  // Bytes of pool buffer `index`.
  Chunk(ChunkPool& pool, uint32_t index, char* data, uint32_t size)
      : data_(data), size_(size), index_(index), pool_(&pool) {}
  // A copy on the heap, of exactly this size.
  static Chunk copy_of(std::string_view bytes);

  Chunk(Chunk&& other) noexcept { swap(other); }
  Chunk& operator=(Chunk&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Chunk() {
    if (data_) give_back();
  }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  std::string_view view() const { return {data_, size_}; }
  char* data() { return data_; }
  // Drops `n` bytes at the front.
  void consume(size_t n) {
    data_ += n;
    offset_ += static_cast<uint32_t>(n);
    size_ -= static_cast<uint32_t>(n);
  }
  void release() {
    if (data_) give_back();
  }

 private:
  void give_back();
  void swap(Chunk& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(offset_, other.offset_);
    std::swap(index_, other.index_);
    std::swap(pool_, other.pool_);
  }

  char* data_ = nullptr;
  uint32_t size_ = 0;
  uint32_t offset_ = 0;
  uint32_t index_ = 0;
  ChunkPool* pool_ = nullptr;  // null: data_ - offset_ is the heap's
};

}  // namespace weir::runtime
