#pragma once
// Work: what an exporter does on its shard between two waits, in slices, so that everything else
// that is ready comes in between. Its time counts as cost of telemetry.
//
//   Work work(reactor, tracing);
//   while (more) { slice(); co_await work.let_others(); }

#include <coroutine>

#include "runtime/reactor.h"
#include "telemetry/tracing.h"

namespace weir::otlp {

class Work {
 public:
  Work(runtime::Reactor& reactor, telemetry::Tracing& tracing)
      : reactor_(reactor), tracing_(tracing), begin_(reactor.fresh_now()) {}
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  ~Work() { count(); }

  auto let_others() {
    struct Turn {
      Work& work;
      bool await_ready() const { return false; }
      void await_suspend(std::coroutine_handle<> caller) const {
        work.count();
        work.reactor_.resume_later(caller);
      }
      void await_resume() const { work.begin_ = work.reactor_.fresh_now(); }
    };
    return Turn{*this};
  }

 private:
  void count() {
    tracing_.count_cost(telemetry::CostPart::exporting, reactor_.fresh_now() - begin_);
  }

  runtime::Reactor& reactor_;
  telemetry::Tracing& tracing_;
  MonoTime begin_;
};

}  // namespace weir::otlp
