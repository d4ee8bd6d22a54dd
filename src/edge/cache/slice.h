#pragma once
// Slice: a piece of a long piece of work on a shard, so short that hits there do not suffer.
// Between two slices the shard takes a whole turn.

#include "runtime/next_turn.h"

namespace weir::edge::cache {

class Slice {
 public:
  static constexpr Duration time_max = microseconds(150);
  static constexpr size_t steps_max = 512, steps_between_looks = 16;

  explicit Slice(runtime::Reactor& reactor)
      : reactor_(reactor), end_(after(reactor.fresh_now(), time_max)) {}

  // Counts a step; true when it is time to let others run. Reads the clock now and then.
  bool over() {
    ++steps_;
    return steps_ % steps_between_looks == 0 && over_now();
  }
  // The same behind `n` steps that were taken together.
  bool over_after(size_t n) {
    steps_ += n;
    return over_now();
  }

 private:
  bool over_now() { return steps_ >= steps_max || reactor_.fresh_now() >= end_; }

  runtime::Reactor& reactor_;
  MonoTime end_;
  size_t steps_ = 0;
};

using runtime::NextTurn;

}  // namespace weir::edge::cache
