#pragma once
// Waiter: one suspended coroutine with its deadline and its cancellation; the piece that queues,
// sleeps and mailboxes are made of. Lives in the awaiting coroutine's frame. Whoever comes first
// wins: wake(), the deadline, or the cancellation.

#include <coroutine>

#include "base/list.h"
#include "base/result.h"
#include "runtime/cancel.h"
#include "runtime/reactor.h"

namespace weir::runtime {

class Waiter : public ListNode<Waiter> {
 public:
  Waiter(Reactor& reactor, Wait wait)
      : reactor_(reactor), wait_(wait), timer_(late, this), hook_(cancelled, this) {}

  bool await_ready() {
    if (!wait_.cancel || !wait_.cancel->requested()) return false;
    result_ = fail(ErrorCode::cancelled, "cancelled");
    unlink();
    return true;
  }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    reactor_.timers().arm(timer_, wait_.until);
    if (wait_.cancel) wait_.cancel->attach(hook_);
  }
  Result<> await_resume() { return result_; }

  // Ends the wait with success; the coroutine goes on later in this turn.
  void wake() { finish({}); }

 private:
  static void late(void* self) {
    static_cast<Waiter*>(self)->finish(fail(ErrorCode::timed_out, "deadline passed"));
  }
  static void cancelled(void* self) {
    static_cast<Waiter*>(self)->finish(fail(ErrorCode::cancelled, "cancelled"));
  }
  void finish(Result<> result) {
    if (!caller_) return;
    unlink();
    timer_.disarm();
    hook_.unlink();
    result_ = result;
    reactor_.resume_later(std::exchange(caller_, nullptr));
  }

  Reactor& reactor_;
  Wait wait_;
  Timer timer_;
  CancelHook hook_;
  std::coroutine_handle<> caller_;
  Result<> result_;
};

// Coroutines that wait for the same thing, first come first served. On one shard.
class WaitQueue {
 public:
  explicit WaitQueue(Reactor& reactor) : reactor_(reactor) {}

  // Waits until it is one's turn. Errors: timed_out, cancelled. The caller bounds how many may
  // wait.
  Task<Result<>> wait(Wait wait) {
    Waiter waiter(reactor_, wait);
    waiting_.push_back(waiter);
    co_return co_await waiter;
  }
  bool empty() const { return waiting_.empty(); }
  // False when nobody waits.
  bool wake_one() {
    Waiter* waiter = waiting_.front();
    if (waiter) waiter->wake();
    return waiter != nullptr;
  }
  void wake_all() {
    while (wake_one()) {
    }
  }

 private:
  Reactor& reactor_;
  List<Waiter> waiting_;
};

// Sleeps until the time of `wait`, which is the good outcome here; answers cancelled when it was
// cut short.
inline Task<Result<>> sleep(Reactor& reactor, Wait wait) {
  Waiter waiter(reactor, wait);
  Result<> result = co_await waiter;
  if (!result && result.error().code == ErrorCode::timed_out) co_return Result<>{};
  co_return result;
}

}  // namespace weir::runtime
