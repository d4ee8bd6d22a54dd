#include "runtime/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace weir::runtime {

void TimerWheel::arm(Timer& timer, MonoTime deadline) {
  timer.deadline_ = deadline;
  if (deadline == never) return;
  const uint64_t due = tick_of(deadline) + 1;
  if (timer.linked() && timer.tick_ <= due) return;
  timer.unlink();
  link(timer);
}

void TimerWheel::link(Timer& timer) {
  const uint64_t due = std::clamp(tick_of(timer.deadline_) + 1, tick_ + 1, tick_ + max_ahead);
  const uint64_t differing = due ^ tick_;
  const auto level = static_cast<unsigned>(63 - std::countl_zero(differing)) / level_bits;
  const unsigned bounded = std::min(level, levels - 1);
  const uint64_t index = (due >> (bounded * level_bits)) % slots;
  timer.tick_ = due;
  wheel_[bounded][index].push_back(timer);
  occupied_[bounded] |= uint64_t{1} << index;
}

void TimerWheel::advance(MonoTime now) {
  const uint64_t target = tick_of(now);
  while (tick_ < target) {
    // Skip to the next tick at which some slot may hold something.
    const uint64_t upcoming = static_cast<uint64_t>(nanos(std::min(next(), now))) >> tick_bits;
    tick_ = std::clamp(upcoming, tick_ + 1, target);
    for (unsigned level = levels; level-- > 0;) {
      const unsigned shift = level * level_bits;
      if (tick_ & ((uint64_t{1} << shift) - 1)) continue;
      run_slot(level, (tick_ >> shift) % slots);
    }
  }
}

void TimerWheel::run_slot(unsigned level, uint64_t index) {
  if (!(occupied_[level] >> index & 1)) return;
  occupied_[level] &= ~(uint64_t{1} << index);
  List<Timer> due;
  due.splice_back(wheel_[level][index]);
  while (Timer* timer = due.pop_front()) {
    if (timer->deadline_ == never) continue;
    if (tick_of(timer->deadline_) + 1 > tick_) {
      link(*timer);
      continue;
    }
    timer->deadline_ = never;
    timer->callback_(timer->owner_);
  }
}

MonoTime TimerWheel::next() const {
  for (unsigned level = 0; level < levels; ++level) {
    if (!occupied_[level]) continue;
    const unsigned shift = level * level_bits;
    const uint64_t position = (tick_ >> shift) % slots;
    const uint64_t ahead = std::rotr(occupied_[level], static_cast<int>(position));
    // A slot at our own position can only be one that comes a whole round later.
    const uint64_t later = ahead & ~uint64_t{1};
    const uint64_t distance = later ? static_cast<uint64_t>(std::countr_zero(later)) : slots;
    const uint64_t due = ((tick_ >> shift) + distance) << shift;
    return MonoTime(Duration(static_cast<int64_t>(due << tick_bits)));
  }
  return never;
}

}  // namespace weir::runtime
