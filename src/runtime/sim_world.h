#pragma once
// SimWorld: a whole simulated world from one seed: clock, network, disks, randomness, and the
// shards that live in it, all in one thread. Which shard has the next turn and how long it takes is
// drawn from the seed; every run of a seed is the same, which trace_hash() shows.
//
// Shards are the real Shard and ShardGroup, made by SimProcess (runtime/sim_process.h).

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/sim_disk.h"
#include "runtime/sim_network.h"

namespace weir::runtime {

class Shard;
class ShardGroup;
class SimReactor;

class SimWorld {
 public:
  explicit SimWorld(uint64_t seed, const SimFaults& faults = {});

  MonoTime now() const { return schedule_.now(); }
  Duration wall_offset() const { return wall_offset_; }
  Random& random() { return schedule_.random(); }
  SimNetwork& network() { return network_; }
  SimSchedule& schedule() { return schedule_; }
  // Of a machine, whatever the port; it outlives the processes there.
  SimDisk& disk(const Address& host);
  uint64_t trace_hash() const { return schedule_.trace_hash(); }

  // Gives turns until that time, or until nothing is left that could ever happen.
  void run_until(MonoTime time) {
    while (step(time)) {
    }
  }
  // Gives turns while `wanted()`, at most until `limit`; false when it came to that.
  template <class Predicate>
  bool run_while(Predicate wanted, MonoTime limit) {
    while (wanted())
      if (!step(limit)) return !wanted();
    return true;
  }
  uint64_t turns() const { return turns_; }

  // From now on `shard`, whose reactor is a SimReactor of this world, has its turns through
  // Shard::turn().
  void drive(Shard& shard, ShardGroup& group);
  // A fault: `reactor` has no turn before that time.
  void stall(SimReactor& reactor, MonoTime until);

  // For reactors.
  void enter(SimReactor& reactor) { driven_.push_back({.reactor = &reactor}); }
  void leave(SimReactor& reactor);
  bool driving() const { return driving_; }
  void wait_for(SimReactor& reactor, MonoTime limit);
  bool accept_fails();

 private:
  struct Driven {
    SimReactor* reactor;
    Shard* shard = nullptr;
    ShardGroup* group = nullptr;
    MonoTime busy_until{};
  };

  // Moves to what comes next and does it; false when that is after `limit`.
  bool step(MonoTime limit);
  MonoTime next_turn(const Driven& driven) const;
  Driven* pick_due();
  void give_turn(Driven& driven);
  Duration turn_length(Driven& driven);

  SimSchedule schedule_;
  const SimShardFaults faults_;
  SimNetwork network_;
  const SimDiskFaults disk_faults_;
  std::map<std::string, std::unique_ptr<SimDisk>> disks_;
  Duration wall_offset_;
  std::vector<Driven> driven_;
  bool driving_ = false;
  uint64_t turns_ = 0;
};

}  // namespace weir::runtime
