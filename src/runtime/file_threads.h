#pragma once
// FileThreads: a few threads of the process that make the file calls which would block a shard: all
// of them with epoll, with io_uring those that the ring has not (listing, resizing). Started when
// the first call comes. What waits for a thread is bounded by what the shards may have under way
// (`runtime.file_operations` each). Outlives the reactors.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/file_operation.h"

namespace weir::runtime {

class FileThreads {
 public:
  explicit FileThreads(size_t threads_max) : threads_max_(threads_max) {}
  ~FileThreads();
  FileThreads(const FileThreads&) = delete;
  FileThreads& operator=(const FileThreads&) = delete;

  // Any shard's thread. The answer comes by Reactor::take_file_answer() of the operation's reactor.
  void start(FileOperation& operation);
  // Until no thread works for `reactor`; what waited for one is not begun, and never answered.
  void forget(Reactor& reactor);

 private:
  void run();

  const size_t threads_max_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable finished_;
  std::deque<FileOperation*> queue_;
  std::vector<Reactor*> running_;  // whom each busy thread works for
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool stopping_ = false;
};

// Answers of file threads on their way to a reactor.
class FileInbox {
 public:
  // Any thread.
  void put(FileOperation& operation) {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(&operation);
    pending_.store(true, std::memory_order_release);
  }
  // The reactor's thread: answers what has arrived.
  void deliver();

 private:
  std::mutex mutex_;
  std::vector<FileOperation*> arrived_;
  std::atomic<bool> pending_{false};
};

}  // namespace weir::runtime
