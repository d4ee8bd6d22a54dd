#pragma once
// Buffer: a growable run of bytes that is written at the end and consumed from the front. Owns its
// memory; holds none while it was never written or after release(), so an idle connection costs
// nothing. Not bounded by itself: whoever fills it checks size() against its own limit first.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/assert.h"

namespace weir {

class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  // Most have nothing, and even free(nullptr) is a call.
  ~Buffer() {
    if (data_) std::free(data_);
  }

  bool empty() const { return begin_ == end_; }
  size_t size() const { return end_ - begin_; }
  size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_ + begin_, size()}; }
  char* data() { return data_ + begin_; }

  // At least `n` writable bytes behind the end; commit() says how many of them were written.
  char* reserve(size_t n) {
    if (capacity_ - end_ < n) [[unlikely]]
      grow(n);
    return data_ + end_;
  }
  void commit(size_t n) {
    WEIR_ASSERT(n <= capacity_ - end_);
    end_ += n;
  }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  void append(char c) {
    *reserve(1) = c;
    ++end_;
  }

  // Drops `n` bytes at the front.
  void consume(size_t n) {
    WEIR_ASSERT(n <= size());
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Drops what is behind the first `n` bytes.
  void truncate(size_t n) {
    WEIR_ASSERT(n <= size());
    end_ = begin_ + n;
  }
  void clear() { begin_ = end_ = 0; }
  // Gives the memory back.
  void release() {
    if (data_) std::free(data_);
    data_ = nullptr;
    begin_ = end_ = capacity_ = 0;
  }
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  void grow(size_t n);

  char* data_ = nullptr;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t capacity_ = 0;
};

}  // namespace weir
