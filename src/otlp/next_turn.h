#pragma once
// NextTurn: lets the shard do everything else that is ready first; between slices of long work.

#include <coroutine>

#include "runtime/reactor.h"

namespace weir::otlp {

struct NextTurn {
  runtime::Reactor& reactor;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) const { reactor.resume_later(caller); }
  void await_resume() const {}
};

}  // namespace weir::otlp
