#pragma once
// FramePool: the memory of coroutine frames, of which a request takes a dozen and gives them back a
// little later. Each thread keeps what it gets back for its next frames, the last one first, while
// it is in the cache: the way through a general allocator is several times as long. Bounded in
// bytes for each thread; what is larger than a page, or too much, goes to the allocator. Under a
// sanitizer all does, so that it sees who comes too late.

#include <cstddef>
#include <new>

namespace weir::runtime {

class FramePool {
 public:
  static void* take(size_t bytes) {
    if (bytes > frame_bytes_max || !keeps) return take_new(bytes);
    Spare*& first = kept.spare[class_of(bytes)];
    if (!first) [[unlikely]]
      return take_new(bytes);
    Spare* const frame = first;
    first = frame->next;
    kept.bytes -= rounded(bytes);
    return frame;
  }
  static void give_back(void* frame, size_t bytes) noexcept {
    if (bytes > frame_bytes_max || !keeps || kept.bytes >= kept_bytes_max) [[unlikely]]
      return give_to_allocator(frame, bytes);
    Spare*& first = kept.spare[class_of(bytes)];
    first = new (frame) Spare{first};
    kept.bytes += rounded(bytes);
  }
  // Of the calling thread.
  static size_t kept_bytes() { return kept.bytes; }

 private:
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  static constexpr bool keeps = false;
#else
  static constexpr bool keeps = true;
#endif
  static constexpr size_t frame_bytes_max = 4096, kept_bytes_max = 2 * 1024 * 1024;
  static constexpr size_t step = 64, classes = frame_bytes_max / step;

  struct Spare {
    Spare* next;
  };
  // Trivial, so that it is reached without asking whether it was made; what is left when the thread
  // ends, the emptier frees.
  struct Kept {
    Spare* spare[classes];
    size_t bytes;
  };
  struct Emptier {
    ~Emptier();
  };

  static size_t class_of(size_t bytes) { return (bytes - 1) / step; }
  static size_t rounded(size_t bytes) { return (class_of(bytes) + 1) * step; }
  static void* take_new(size_t bytes);
  static void give_to_allocator(void* frame, size_t bytes) noexcept;

  static constinit thread_local Kept kept;
};

}  // namespace weir::runtime
