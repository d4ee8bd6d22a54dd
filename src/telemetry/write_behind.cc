#include "telemetry/write_behind.h"

#include <algorithm>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include <utility>

#include "base/cpu_time.h"

namespace weir::telemetry {
namespace {

// With so much to do the disk is slower than the writer, and what lies between is left alone.
constexpr int64_t behind_bytes_max = 2 * WriteBehind::kept_bytes;

// Stretches begin at multiples of their length, and so with whole pages.
int64_t stretch_of(int64_t at) {
  return at - at % WriteBehind::stretch_bytes;
}

void close_file(int fd) {
  if (fd >= 0) ::close(fd);
}

void write_out(int fd, int64_t from) {
  constexpr int64_t size = WriteBehind::stretch_bytes;
  ::sync_file_range(fd, from, size, SYNC_FILE_RANGE_WRITE);
  if (from >= WriteBehind::kept_bytes)
    ::posix_fadvise(fd, from - WriteBehind::kept_bytes, size, POSIX_FADV_DONTNEED);
}

}  // namespace

WriteBehind::~WriteBehind() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
  if (next_fd_) close_file(*next_fd_);
}

void WriteBehind::follow(int fd, int64_t end) {
  const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  {
    const std::lock_guard lock(mutex_);
    if (next_fd_) close_file(*next_fd_);
    next_fd_ = own;
    end_ = end;
    started_ = stretch_of(end);
  }
  if (thread_.joinable())
    wake_.notify_one();
  else if (own >= 0)
    thread_ = std::thread([this] { run(); });
}

void WriteBehind::grown(int64_t end) {
  const std::lock_guard lock(mutex_);
  end_ = end;
  started_ = std::min(started_, stretch_of(end));
  if (stretch_is_full()) wake_.notify_one();
}

void WriteBehind::run() {
  sigset_t all;  // signals are for the threads that wait for them
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  ::pthread_setname_np(::pthread_self(), "weir/log-behind");
  int fd = -1;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stop_ || next_fd_ || stretch_is_full(); });
    if (stop_) break;
    if (next_fd_) {
      const int old = std::exchange(fd, *std::exchange(next_fd_, std::nullopt));
      lock.unlock();
      close_file(old);  // which may free all of a large file that was removed
      lock.lock();
      continue;
    }
    if (end_ - started_ > behind_bytes_max) started_ = stretch_of(end_) - stretch_bytes;
    const int64_t from = std::exchange(started_, started_ + stretch_bytes);
    lock.unlock();
    write_out(fd, from);
    cpu_ns_.store(thread_cpu_time().count(), std::memory_order_relaxed);
    lock.lock();
  }
  close_file(fd);
}

}  // namespace weir::telemetry
