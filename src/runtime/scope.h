#pragma once
// Scope: where background tasks live. A task that is spawned here runs beside its spawner and ends
// before the scope does: request the cancel, await join(), destroy the scope. On one shard. Whoever
// spawns bounds how many run.

#include <coroutine>

#include "runtime/waiter.h"

namespace weir::runtime {

class Scope {
 public:
  explicit Scope(Reactor& reactor) : ended_(reactor) {}
  ~Scope() { WEIR_ASSERT(running_ == 0); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // Starts the task at once; it runs until it waits for the first time before this returns.
  void spawn(Task<> task) {
    ++running_;
    run(*this, std::move(task));
  }
  size_t running() const { return running_; }
  // For the waits of the tasks; request() asks all of them to end.
  Cancel& cancel() { return cancel_; }
  // Returns once no task runs. Waits without a bound, since a task that does not end is a bug; give
  // tasks bounded waits.
  Task<> join() { return running_ == 0 ? Task<>::done() : wait_for_all(); }

 private:
  struct Detached {
    struct promise_type {
      Detached get_return_object() { return {}; }
      std::suspend_never initial_suspend() noexcept { return {}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() {}
      [[noreturn]] void unhandled_exception() { std::terminate(); }
    };
  };
  static Detached run(Scope& scope, Task<> task) {
    co_await std::move(task);
    scope.leave();
  }
  Task<> wait_for_all() {
    while (running_ > 0)
      (void)co_await ended_.wait({never});
  }
  void leave() {
    if (--running_ == 0) ended_.wake_all();
  }

  size_t running_ = 0;
  Cancel cancel_;
  WaitQueue ended_;
};

}  // namespace weir::runtime
