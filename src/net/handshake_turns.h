#pragma once
// HandshakeTurns: gives the handshakes of a shard their turn, first come first served and few in
// each turn of its reactor: a step costs up to 400 us of signing, and whoever else waits on the
// shard should not wait for a burst of them. Who waits is bounded by tls.handshakes_max.

#include <deque>

#include "runtime/reactor.h"
#include "runtime/scope.h"

namespace weir::net {

class HandshakeTurns {
 public:
  static constexpr int steps_per_turn = 4;

  // `scope` outlives all who wait.
  explicit HandshakeTurns(runtime::Scope& scope, runtime::Reactor& reactor)
      : scope_(scope), reactor_(reactor) {}
  HandshakeTurns(const HandshakeTurns&) = delete;
  HandshakeTurns& operator=(const HandshakeTurns&) = delete;

  // Suspends until it is one's turn, a turn of the reactor at least.
  auto next() { return Next{*this}; }

 private:
  struct Next {
    HandshakeTurns& turns;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> caller) { turns.join(caller); }
    void await_resume() const {}
  };
  struct Later {
    runtime::Reactor& reactor;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> caller) { reactor.resume_later(caller); }
    void await_resume() const {}
  };

  void join(std::coroutine_handle<> caller) {
    waiting_.push_back(caller);
    if (!std::exchange(giving_, true)) scope_.spawn(give());
  }
  runtime::Task<> give() {
    while (!waiting_.empty()) {
      for (int i = 0; i < steps_per_turn && !waiting_.empty(); ++i) {
        reactor_.resume_later(waiting_.front());
        waiting_.pop_front();
      }
      co_await Later{reactor_};
    }
    giving_ = false;
  }

  runtime::Scope& scope_;
  runtime::Reactor& reactor_;
  std::deque<std::coroutine_handle<>> waiting_;
  bool giving_ = false;
};

}  // namespace weir::net
