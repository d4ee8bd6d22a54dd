#pragma once
// TimerWheel: deadlines by the thousand, O(1) to set (Varghese and Lauck 1987, scheme 7). One a
// shard. A tick is 2^20 ns (about a millisecond); a timer fires at or at most two ticks after its
// deadline, never before. Moving a deadline later is one store: the timer stays where it is and is
// put back when its old slot comes up, so that a busy connection, whose deadline moves with every
// request, costs next to nothing.

#include <array>
#include <cstdint>

#include "base/list.h"
#include "base/time.h"

namespace weir::runtime {

class TimerWheel;

// One deadline of somebody. The callback runs on the shard, outside of any coroutine.
class Timer : public ListNode<Timer> {
 public:
  using Callback = void (*)(void* owner);
  Timer(Callback callback, void* owner) : callback_(callback), owner_(owner) {}

  MonoTime deadline() const { return deadline_; }
  void disarm() { deadline_ = never; }

 private:
  friend class TimerWheel;
  MonoTime deadline_ = never;
  uint64_t tick_ = 0;  // where it is linked
  Callback callback_;
  void* owner_;
};

class TimerWheel {
 public:
  explicit TimerWheel(MonoTime now) : tick_(tick_of(now)) {}

  void arm(Timer& timer, MonoTime deadline);
  // Fires all that is due at `now`.
  void advance(MonoTime now);
  // When advance() should be called next at the latest; `never` when no timer is linked.
  MonoTime next() const;

 private:
  static constexpr unsigned tick_bits = 20, level_bits = 6, levels = 6;
  static constexpr uint64_t slots = 1u << level_bits;
  static constexpr uint64_t max_ahead = (uint64_t{1} << (level_bits * levels)) - 1;

  static uint64_t tick_of(MonoTime t) { return static_cast<uint64_t>(nanos(t)) >> tick_bits; }
  void link(Timer& timer);
  void run_slot(unsigned level, uint64_t index);

  uint64_t tick_;  // everything before it has fired
  std::array<std::array<List<Timer>, slots>, levels> wheel_;
  std::array<uint64_t, levels> occupied_{};  // a bit a slot; may be set for a slot that has emptied
};

}  // namespace weir::runtime
