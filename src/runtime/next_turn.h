#pragma once
// NextTurn: goes on in the shard's next turn, or later in this one when it is awaited before what
// is ready is resumed: others have their turn meanwhile.

#include <coroutine>

#include "runtime/reactor.h"

namespace weir::runtime {

struct NextTurn {
  Reactor& reactor;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) { reactor.resume_later(caller); }
  void await_resume() const {}
};

}  // namespace weir::runtime
