#include "runtime/sim_schedule.h"

#include <algorithm>

#include "base/hash.h"

namespace weir::runtime {

SimSchedule::SimSchedule(uint64_t seed) : random_(seed), hash_(seed) {
  // Anywhere in the first days of a machine: nothing may depend on where a clock begins.
  now_ = MonoTime(hours(1) + up_to(hours(100)));
}

void SimSchedule::add(MonoTime at, SimTarget& target, uint32_t what, uint64_t id) {
  events_.push({std::max(at, now_), random_(), sequence_++, &target, what, id});
}

void SimSchedule::advance(MonoTime to) {
  while (next_event() <= to) {
    const Event event = events_.top();
    events_.pop();
    now_ = std::max(now_, event.at);
    event.target->on_event(event.what, event.id);
  }
  now_ = std::max(now_, to);
}

void SimSchedule::trace(SimTrace kind, uint64_t a, uint64_t b) {
  const uint64_t words[4] = {static_cast<uint64_t>(nanos(now_)), static_cast<uint64_t>(kind), a, b};
  hash_ = hash({reinterpret_cast<const char*>(words), sizeof words}, hash_);
  ++length_;
  if (observer_) observer_(observer_owner_, now_, kind, a, b);
}

void SimSchedule::trace(SimTrace kind, uint64_t a, std::string_view bytes) {
  hash_ = hash(bytes, hash_);
  trace(kind, a, bytes.size());
}

}  // namespace weir::runtime
