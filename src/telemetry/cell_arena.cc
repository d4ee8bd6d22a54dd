#include "telemetry/cell_arena.h"

#include <cstring>
#include <new>

#include "base/assert.h"

namespace weir::telemetry {

namespace {
constexpr std::align_val_t line{64};
}

void CellArena::Free::operator()(std::byte* chunk) const {
  ::operator delete(chunk, line);
}

std::byte* CellArena::add_chunk(size_t bytes) {
  auto* chunk = static_cast<std::byte*>(::operator new(bytes, line));
  std::memset(chunk, 0, bytes);
  chunks_.emplace_back(chunk);
  bytes_.store(bytes_.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  return chunk;
}

void* CellArena::allocate(size_t bytes, size_t alignment) {
  WEIR_ASSERT(alignment <= 64);
  if (bytes > chunk_bytes / 4) return add_chunk(bytes);
  auto start = (reinterpret_cast<uintptr_t>(next_) + alignment - 1) & ~(alignment - 1);
  if (!next_ || start + bytes > reinterpret_cast<uintptr_t>(end_)) {
    next_ = add_chunk(chunk_bytes);
    end_ = next_ + chunk_bytes;
    start = reinterpret_cast<uintptr_t>(next_);
  }
  next_ += start + bytes - reinterpret_cast<uintptr_t>(next_);
  return next_ - bytes;
}

}  // namespace weir::telemetry
