#pragma once
// SimSchedule: the ground of a simulated world: one virtual clock, the events to come, the
// randomness that all of it is drawn from, and a running hash of what happened, which is the same
// for every run of a seed. Owned by SimWorld. One thread.

#include <cstdint>
#include <queue>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"

namespace weir::runtime {

// What stands in the trace.
enum class SimTrace : uint8_t {
  turn,
  connect,
  established,
  refused,
  lost_connect,
  accept,
  accept_failed,
  arrive,
  receive,
  reset,
  end,
  close,
  stall,
  wall_jump,
  disk,
  disk_fault,
  note,  // of whoever uses the world
};

// Whom an event is for; lives as long as the schedule.
class SimTarget {
 public:
  virtual void on_event(uint32_t what, uint64_t id) = 0;

 protected:
  ~SimTarget() = default;
};

class SimSchedule {
 public:
  explicit SimSchedule(uint64_t seed);
  SimSchedule(const SimSchedule&) = delete;
  SimSchedule& operator=(const SimSchedule&) = delete;

  MonoTime now() const { return now_; }
  Random& random() { return random_; }
  bool chance(double p) { return p > 0 && random_.unit() < p; }
  // In [0, spread].
  Duration up_to(Duration spread) {
    return Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>(spread.count()) + 1)));
  }

  // Events of one time come in an order drawn from the seed.
  void add(MonoTime at, SimTarget& target, uint32_t what, uint64_t id);
  // `never` when there is none.
  MonoTime next_event() const { return events_.empty() ? never : events_.top().at; }
  // Moves the clock and runs what is due by then, in order. Never backwards.
  void advance(MonoTime to);

  void trace(SimTrace kind, uint64_t a, uint64_t b = 0);
  void trace(SimTrace kind, uint64_t a, std::string_view bytes);
  uint64_t trace_hash() const { return hash_; }
  uint64_t trace_length() const { return length_; }

  // Called for every entry of the trace, to look at a seed that failed.
  using Observer = void (*)(void* owner, MonoTime at, SimTrace kind, uint64_t a, uint64_t b);
  void observe(Observer observer, void* owner) {
    observer_ = observer;
    observer_owner_ = owner;
  }

 private:
  struct Event {
    MonoTime at;
    uint64_t order;
    uint64_t sequence;
    SimTarget* target;
    uint32_t what;
    uint64_t id;
    // For a heap whose top is the smallest.
    bool operator<(const Event& other) const {
      if (at != other.at) return at > other.at;
      if (order != other.order) return order > other.order;
      return sequence > other.sequence;
    }
  };

  Random random_;
  MonoTime now_;
  std::priority_queue<Event> events_;
  uint64_t sequence_ = 0;
  uint64_t hash_;
  uint64_t length_ = 0;
  Observer observer_ = nullptr;
  void* observer_owner_ = nullptr;
};

}  // namespace weir::runtime
