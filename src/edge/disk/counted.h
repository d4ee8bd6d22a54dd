#pragma once
// CountedRef<T>: a counted reference to what two shards share while mail goes to and fro, wherever
// the mail ends, delivered or not. T has `std::atomic<uint32_t> references{1}`, the maker's.

#include <atomic>
#include <cstdint>
#include <utility>

namespace weir::edge::disk {

template <class T>
class CountedRef {
 public:
  // Takes over the maker's count.
  explicit CountedRef(T* made) : object_(made) {}
  CountedRef(const CountedRef& other) noexcept : object_(other.object_) {
    if (object_) object_->references.fetch_add(1, std::memory_order_relaxed);
  }
  CountedRef(CountedRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  CountedRef& operator=(CountedRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~CountedRef() {
    if (object_ && object_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete object_;
  }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }

 private:
  T* object_;
};

}  // namespace weir::edge::disk
