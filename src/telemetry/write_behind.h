#pragma once
// WriteBehind: keeps a file that only grows from filling the page cache. Behind its writer, a
// thread of its own has the kernel write out what has come, a stretch at a time, and gives back the
// pages of what came some stretches earlier. A busy log then works in the same few tens of MiB,
// instead of taking ever new pages from what else the machine could keep there. What comes slowly
// is left to the kernel's own write-out, which is done before a stretch is full.
//
// All calls from one thread at a time, but for cpu_time().

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "base/time.h"
#include "base/units.h"

namespace weir::telemetry {

class WriteBehind {
 public:
  static constexpr int64_t stretch_bytes = 4 * MiB;
  // On the disk, or on the way to it, and still in memory: for who reads behind the writer.
  static constexpr int64_t kept_bytes = 32 * MiB;

  WriteBehind() = default;
  ~WriteBehind();
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  // From now on about this file, which is `end` bytes long; -1: about none. Keeps a descriptor of
  // its own, and soon closes that of the file before.
  void follow(int fd, int64_t end);
  // The file has grown to `end`, or was truncated and has grown to `end` since. Never waits for the
  // disk; one that cannot keep up is left to the kernel, as every error is.
  void grown(int64_t end);

  // Any thread: what its thread has used.
  Duration cpu_time() const { return Duration(cpu_ns_.load(std::memory_order_relaxed)); }

 private:
  void run();
  bool stretch_is_full() const { return end_ - started_ >= stretch_bytes; }

  std::mutex mutex_;  // guards what is below, up to stop_
  std::condition_variable wake_;
  std::optional<int> next_fd_;  // to be followed instead
  int64_t end_ = 0;
  int64_t started_ = 0;  // where a stretch begins; what lies before was told to the kernel, or left
  bool stop_ = false;

  std::atomic<int64_t> cpu_ns_{0};
  std::thread thread_;  // once there was something to follow
};

}  // namespace weir::telemetry
