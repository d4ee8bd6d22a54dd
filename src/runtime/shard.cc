#include "runtime/shard.h"

#include <algorithm>

namespace weir::runtime {
namespace {

// By how many connections of a hundred a shard may have more than its share, so that connections
// can be where their packets arrive.
constexpr uint32_t uneven_percent = 12;

uint32_t with_slack(uint32_t load) {
  return load + load * uneven_percent / 100;
}

}  // namespace

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

std::atomic<uint32_t>& Shard::load_of(size_t shard) const {
  return group_.at(shard).load();
}

size_t Shard::place_for(int core) const {
  const size_t fewest = least_loaded();
  const std::optional<size_t> home = group_.shard_on(core);
  return home && load_of(*home) <= with_slack(load_of(fewest)) ? *home : fewest;
}

// Two shards that each have connections of the other exchange them one by one within the slack. A
// shard on whose core all packets arrive gets no more than that: the others have their share.
size_t Shard::better_place_for(int core) const {
  const std::optional<size_t> home = group_.shard_on(core);
  return home && load_of(*home) + 2 <= with_slack(load_of(index_)) ? *home : index_;
}

size_t Shard::least_loaded() const {
  size_t best = index_;
  uint32_t fewest = load_of(index_);
  for (size_t i = 0; i < group_.size(); ++i) {
    const uint32_t load = load_of(i);
    if (load >= fewest) continue;
    fewest = load;
    best = i;
  }
  return best;
}

std::optional<size_t> ShardGroup::shard_on(int core) const {
  const auto found = std::ranges::find(cores_, core);
  if (core < 0 || found == cores_.end()) return std::nullopt;
  return static_cast<size_t>(found - cores_.begin());
}

}  // namespace weir::runtime
