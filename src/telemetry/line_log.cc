#include "telemetry/line_log.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cpu_time.h"

namespace weir::telemetry {

namespace {

constexpr milliseconds interval{50};
constexpr milliseconds stop_patience{1000};
constexpr size_t runs_max = 64;
// After about this much the memory is given back to the shards, before the rest is written.
constexpr size_t write_bytes_max = 256 * KiB;

void add(std::atomic<uint64_t>& count, uint64_t n) {
  count.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace

void LineLog::Producer::commit(size_t n) {
  queue_.commit(n);
  lines_.store(lines_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (queue_.size() * 2 >= queue_.capacity()) [[unlikely]]
    log_->wake();
}

LineLog::LineLog(std::string path, unsigned shards, uint64_t ring_bytes)
    : path_(std::move(path)), ends_(shards) {
  for (unsigned shard = 0; shard < shards; ++shard)
    producers_.emplace_back(*this, ring_bytes);
  open_file();
  writer_ = std::thread([this] { run(); });
}

LineLog::~LineLog() {
  {
    const std::lock_guard lock(wake_mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  writer_.join();
  drain_now();
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

Result<> LineLog::check_open() {
  const std::lock_guard lock(drain_mutex_);
  if (fd_ >= 0) return {};
  return std::unexpected(system_error(open_error_, "cannot open the log file"));
}

// Only the first shard to find its ring half full pays for waking the writer. The notice is given
// without the mutex, so a shard never waits for it; a notice that comes too early is made good by
// the interval.
void LineLog::wake() {
  if (!half_full_.exchange(true, std::memory_order_relaxed)) wake_.notify_one();
}

void LineLog::run() {
  // Signals are for the threads that wait for them; a closed pipe is an error like any other.
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  ::pthread_setname_np(::pthread_self(), "weir/log");
  std::unique_lock lock(wake_mutex_);
  while (!stop_) {
    wake_.wait_for(lock, interval, [this] { return stop_ || half_full_; });
    half_full_ = false;
    lock.unlock();
    drain_now();
    cpu_ns_.store(thread_cpu_time().count(), std::memory_order_relaxed);
    lock.lock();
  }
}

void LineLog::drain_now() {
  const std::lock_guard lock(drain_mutex_);
  if (reopen_.exchange(false, std::memory_order_acquire)) open_file();
  // What producers add meanwhile is left to the next time, or a busy shard would keep us here.
  uint64_t left = 0;
  for (const Producer& producer : producers_)
    left += producer.queue_.size();
  while (left > 0) {
    const size_t bytes = gather();
    if (bytes == 0) return;
    write_all(bytes);
    for (size_t i = 0; i < producers_.size(); ++i)
      producers_[i].queue_.consume_to(ends_[i]);
    left -= std::min<uint64_t>(left, bytes);
  }
}

bool LineLog::open_file() {
  if (fd_ > STDERR_FILENO) ::close(fd_);
  torn_line_ = false;
  if (path_ == "-")
    fd_ = STDOUT_FILENO;
  else if (path_ == "stderr")
    fd_ = STDERR_FILENO;
  else
    fd_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  open_error_ = fd_ < 0 ? errno : 0;
  struct stat status{};
  regular_ = ::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
  write_behind_.follow(regular_ ? fd_ : -1, status.st_size);
  if (fd_ < 0) add(write_errors_, 1);
  return fd_ >= 0;
}

size_t LineLog::gather() {
  runs_.clear();
  size_t bytes = 0;
  for (size_t i = 0; i < producers_.size(); ++i) {
    const ByteQueue& queue = producers_[i].queue_;
    ends_[i] = queue.consumed();
    while (runs_.size() < runs_max && bytes < write_bytes_max) {
      const std::string_view run = queue.from(ends_[i]);
      if (run.empty()) break;
      ends_[i] += run.size();
      bytes += run.size();
      runs_.push_back(run);
    }
  }
  return bytes;
}

bool LineLog::wait_writable() const {
  if (regular_) return true;
  pollfd ready{fd_, POLLOUT, 0};
  constexpr int step_ms = 100;
  for (milliseconds waited{0}; !stop_ || waited < stop_patience; waited += milliseconds(step_ms))
    if (::poll(&ready, 1, step_ms) > 0) return true;
  return false;
}

// Into a pipe at most PIPE_BUF bytes: so much can be written without waiting once it is writable.
ssize_t LineLog::write_some(size_t first) {
  std::array<iovec, runs_max + 1> parts;
  size_t count = 0;
  size_t room = regular_ ? SIZE_MAX : PIPE_BUF;
  for (size_t i = first; i < runs_.size() && room > 0; ++i) {
    const size_t size = std::min(room, runs_[i].size());
    parts[count++] = {const_cast<char*>(runs_[i].data()), size};
    room -= size;
  }
  if (!wait_writable()) return -1;
  ssize_t written = 0;
  do {
    written = ::writev(fd_, parts.data(), static_cast<int>(count));
  } while (written < 0 && errno == EINTR);
  return written;
}

// A failed write loses what it was to write; counted once.
void LineLog::write_all(size_t bytes) {
  if (fd_ < 0 && !open_file()) return add(bytes_lost_, bytes);
  if (torn_line_) {
    runs_.insert(runs_.begin(), "\n");
    ++bytes;
  }
  size_t first = 0;
  while (bytes > 0) {
    const ssize_t result = write_some(first);
    if (result <= 0) {
      add(write_errors_, 1);
      return add(bytes_lost_, bytes);
    }
    auto written = static_cast<size_t>(result);
    add(bytes_written_, written);
    bytes -= written;
    for (; first < runs_.size() && written >= runs_[first].size(); ++first)
      written -= runs_[first].size();
    torn_line_ = written > 0;
    if (written > 0) runs_[first].remove_prefix(written);
  }
  if (regular_) write_behind_.grown(::lseek(fd_, 0, SEEK_CUR));
}

uint64_t LineLog::lines() const {
  uint64_t total = 0;
  for (const Producer& producer : producers_)
    total += producer.lines();
  return total;
}

uint64_t LineLog::dropped() const {
  uint64_t total = 0;
  for (const Producer& producer : producers_)
    total += producer.dropped();
  return total;
}

}  // namespace weir::telemetry
