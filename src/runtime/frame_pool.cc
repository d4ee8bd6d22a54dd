#include "runtime/frame_pool.h"

#include <utility>

namespace weir::runtime {

constinit thread_local FramePool::Kept FramePool::kept{};

FramePool::Emptier::~Emptier() {
  for (size_t i = 0; i < classes; ++i) {
    while (Spare* const frame = kept.spare[i]) {
      kept.spare[i] = frame->next;
      give_to_allocator(frame, (i + 1) * step);
    }
  }
  kept.bytes = 0;
}

void* FramePool::take_new(size_t bytes) {
  static thread_local Emptier emptier;
  return ::operator new(rounded(bytes));
}

void FramePool::give_to_allocator(void* frame, size_t bytes) noexcept {
  ::operator delete(frame, rounded(bytes));
}

}  // namespace weir::runtime
