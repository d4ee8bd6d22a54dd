#include "runtime/file_threads.h"

#include <algorithm>
#include <cerrno>
#include <pthread.h>

#include "runtime/file_calls.h"
#include "runtime/reactor.h"

namespace weir::runtime {

FileThreads::~FileThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

void FileThreads::start(FileOperation& operation) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(&operation);
    if (idle_ < queue_.size() && threads_.size() < threads_max_)
      threads_.emplace_back([this] { run(); });
  }
  arrived_.notify_one();
}

void FileThreads::forget(Reactor& reactor) {
  std::unique_lock lock(mutex_);
  std::erase_if(queue_, [&](FileOperation* queued) { return &queued->reactor() == &reactor; });
  finished_.wait(lock, [&] { return std::ranges::find(running_, &reactor) == running_.end(); });
}

void FileThreads::run() {
  pthread_setname_np(pthread_self(), "weir/file");
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    FileOperation* operation = queue_.front();
    queue_.pop_front();
    Reactor& reactor = operation->reactor();
    running_.push_back(&reactor);
    lock.unlock();
    operation->result = operation->abandoned() ? -ECANCELED : call_file_system(operation->request);
    reactor.take_file_answer(*operation);
    lock.lock();
    // The operation may be gone by now; its reactor waits in forget() until here.
    running_.erase(std::ranges::find(running_, &reactor));
    finished_.notify_all();
  }
}

void FileInbox::deliver() {
  if (!pending_.load(std::memory_order_acquire)) return;
  std::vector<FileOperation*> arrived;
  {
    const std::lock_guard lock(mutex_);
    arrived.swap(arrived_);
    pending_.store(false, std::memory_order_relaxed);
  }
  for (FileOperation* operation : arrived)
    operation->answer(operation->result);
}

}  // namespace weir::runtime
