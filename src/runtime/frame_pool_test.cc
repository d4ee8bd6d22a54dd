#include "runtime/frame_pool.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace weir::runtime {
namespace {

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

}  // namespace

TEST_CASE("the frame that was given back last is the next one of its size") {
  if (sanitized) return;
  void* const small = FramePool::take(100);
  void* const other = FramePool::take(100);
  FramePool::give_back(small, 100);
  FramePool::give_back(other, 100);
  // 65 to 128 bytes are one size.
  CHECK(FramePool::take(128) == other);
  CHECK(FramePool::take(65) == small);
  void* const larger = FramePool::take(129);
  CHECK(larger != small);
  FramePool::give_back(small, 65);
  FramePool::give_back(other, 128);
  FramePool::give_back(larger, 129);
}

TEST_CASE("frames of all sizes hold what they were asked for, kept or not") {
  std::vector<std::pair<char*, size_t>> frames;
  for (int round = 0; round < 2; ++round) {
    for (size_t bytes = 1; bytes <= 9000; bytes += 61) {
      auto* const frame = static_cast<char*>(FramePool::take(bytes));
      std::fill_n(frame, bytes, static_cast<char>(bytes));
      frames.emplace_back(frame, bytes);
    }
    for (const auto& [frame, bytes] : frames) {
      CHECK(
          std::all_of(frame, frame + bytes, [&](char c) { return c == static_cast<char>(bytes); }));
      FramePool::give_back(frame, bytes);
    }
    frames.clear();
  }
}

TEST_CASE("more than a thread may keep goes back to the allocator") {
  if (sanitized) return;
  // A thread of its own, which keeps nothing yet.
  std::thread([] {
    std::vector<void*> frames(600);
    for (void*& frame : frames)
      frame = FramePool::take(4096);
    for (void* frame : frames)
      FramePool::give_back(frame, 4096);
    CHECK(FramePool::kept_bytes() == 2 * 1024 * 1024);
  }).join();
}

TEST_CASE("a frame may be given back on another thread than it was taken on") {
  void* const frame = FramePool::take(300);
  std::thread([frame] { FramePool::give_back(frame, 300); }).join();
}

}  // namespace weir::runtime
