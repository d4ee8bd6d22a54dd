#pragma once
// AlignedBuffer: a run of memory for file operations, aligned for unbuffered I/O. Move-only. A file
// operation takes it and gives it back with its answer, so that nobody can free or change the
// memory while the kernel works on it.

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>

#include "base/assert.h"

namespace weir::runtime {

// What offsets, sizes and memory of unbuffered I/O are multiples of, on every disk that we know.
inline constexpr size_t direct_alignment = 4096;

constexpr uint64_t align_up(uint64_t n, uint64_t to = direct_alignment) {
  return (n + to - 1) / to * to;
}

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  // Room for `capacity` bytes, rounded up to the alignment; not initialised, and empty.
  explicit AlignedBuffer(size_t capacity) : capacity_(align_up(capacity)) {
    data_ = static_cast<char*>(std::aligned_alloc(direct_alignment, capacity_));
    WEIR_ASSERT(data_);
  }
  AlignedBuffer(AlignedBuffer&& other) noexcept { swap(other); }
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~AlignedBuffer() { std::free(data_); }

  char* data() { return data_; }
  const char* data() const { return data_; }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  size_t room() const { return capacity_ - size_; }
  std::string_view view() const { return {data_, size_}; }
  // How many bytes are meant; those behind the old size are whatever the memory holds.
  void resize(size_t size) {
    WEIR_ASSERT(size <= capacity_);
    size_ = size;
  }

 private:
  void swap(AlignedBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace weir::runtime
