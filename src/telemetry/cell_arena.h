#pragma once
// CellArena: the memory of one shard's instruments, handed out by bumping a pointer and given back
// all at once. Chunks start on a cache line of their own, so that no two shards write to one line.
// Zeroed memory; what is handed out never moves. One writer; bytes() may be read by anyone.

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace weir::telemetry {

class CellArena {
 public:
  CellArena() = default;
  CellArena(const CellArena&) = delete;
  CellArena& operator=(const CellArena&) = delete;

  // `alignment` is a power of two of at most 64.
  void* allocate(size_t bytes, size_t alignment);
  template <class T, class... Arguments>
  T* make(Arguments&&... arguments) {
    return new (allocate(sizeof(T), alignof(T))) T(std::forward<Arguments>(arguments)...);
  }

  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  struct Free {
    void operator()(std::byte* chunk) const;
  };
  static constexpr size_t chunk_bytes = 64 * 1024;

  std::byte* add_chunk(size_t bytes);

  std::vector<std::unique_ptr<std::byte, Free>> chunks_;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  std::atomic<uint64_t> bytes_{0};
};

}  // namespace weir::telemetry
