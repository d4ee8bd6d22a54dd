#include "runtime/shard.h"

namespace weir::runtime {

bool Shard::post(size_t to, Message& message) {
  if (!group_.mail().push(index_, to, message)) return false;
  // Orders the push before the look at `asleep_`, as turn() orders its own store before its look at
  // the mail.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  group_.at(to).wake_if_asleep();
  return true;
}

void Shard::turn(MonoTime limit) {
  group_.mail().deliver(index_);
  end_step();
  asleep_.store(true, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  reactor_->turn(group_.mail().empty(index_) ? limit : reactor_->now());
  asleep_.store(false, std::memory_order_relaxed);
  end_step();
}

void Shard::end_step() {
  for (StepHook* hook = step_hooks_.front(); hook; hook = step_hooks_.next(*hook))
    hook->callback_(hook->owner_);
}

size_t Shard::least_loaded() const {
  size_t best = index_;
  uint32_t fewest = load_.load(std::memory_order_relaxed);
  for (size_t i = 0; i < group_.size(); ++i) {
    const uint32_t load = group_.at(i).load().load(std::memory_order_relaxed);
    if (load >= fewest) continue;
    fewest = load;
    best = i;
  }
  return best;
}

}  // namespace weir::runtime
