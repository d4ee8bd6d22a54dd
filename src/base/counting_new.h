#pragma once
// Counts how often a program takes memory from the heap, for tests and benchmarks: operator new in
// place of the library's. Included by one file of a program, and not under a sanitizer, which
// brings its own.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace weir {

inline std::atomic<uint64_t> allocations{0};
inline thread_local uint64_t allocations_of_thread = 0;

inline void* counted_allocation(size_t bytes, size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  ++allocations_of_thread;
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (!memory) std::abort();
  return memory;
}

}  // namespace weir

// A replacement may not be inline.
// NOLINTBEGIN(misc-definitions-in-headers)
void* operator new(size_t bytes) {
  return weir::counted_allocation(bytes, alignof(std::max_align_t));
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  return weir::counted_allocation(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}
// NOLINTEND(misc-definitions-in-headers)
