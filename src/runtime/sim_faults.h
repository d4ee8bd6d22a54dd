#pragma once
// What may go wrong in a simulated world, and how often: plain values, all off by default. Which of
// it happens when is drawn from the world's seed. draw() picks a mixture for one run, each fault on
// or off by itself, since a run with everything on hides what a single fault does.

#include <cstdint>

#include "base/random.h"
#include "base/time.h"

namespace weir::runtime {

// Of the network between a client and a listener; both directions alike. Chances are in [0, 1].
struct SimLinkFaults {
  Duration latency_min = microseconds(20);
  Duration latency_spread = microseconds(100);
  double slow_chance = 0;  // of a segment: it is late by up to `slow_spread`, and all behind it
  Duration slow_spread = milliseconds(200);
  uint64_t bytes_per_second = 0;   // 0: no bound
  uint32_t window_min = 64 << 10;  // bytes that were sent and not yet received; drawn a direction
  uint32_t window_max = 256 << 10;
  uint32_t segment_bytes_max = 16 << 10;  // sent bytes are cut at random below this
  double tear_chance = 0.1;               // of a segment: it has 1 to 16 bytes
  double refuse_chance = 0;               // of a connect
  double lost_connect_chance = 0;  // of a connect: unanswered, and tried again a second later
  double reset_chance = 0;  // of a direction of a connection: breaks at a byte below `break_spread`
  double silence_chance = 0;  // the same, but nothing is ever heard again of what was sent there
  uint64_t break_spread = 64 << 10;
  double late_fin_chance = 0;  // of the end of a direction
  Duration late_fin_spread = seconds(2);

  static SimLinkFaults draw(Random& random);
};

// Of the machine that shards run on.
struct SimShardFaults {
  Duration turn_min = microseconds(1);  // how long a turn keeps its shard
  Duration turn_spread = microseconds(30);
  double stall_chance = 0;  // of a turn: takes up to `stall_spread`
  Duration stall_spread = milliseconds(100);
  double accept_failure_chance = 0;  // of an accept: no descriptors left
  double wall_jump_chance = 0;       // of a turn: the wall clock jumps by up to this, either way
  Duration wall_jump_spread = seconds(3600);

  static SimShardFaults draw(Random& random);
};

// Of the disk of a machine. What a loss of power does is not drawn here: SimDisk::cut_power().
struct SimDiskFaults {
  Duration latency_min = microseconds(50);
  Duration latency_spread = microseconds(100);
  double slow_chance = 0;  // of an operation: it is late by up to `slow_spread`
  Duration slow_spread = seconds(2);
  uint64_t capacity_bytes = 0;    // of all files together; 0: no bound
  double short_chance = 0;        // of a read or write: ends at some block before its end
  double read_error_chance = 0;   // of a read
  double write_error_chance = 0;  // of a write, of which any sectors may be there then
  double sync_error_chance = 0;   // of a sync: what was not yet on the disk is kept or forgotten
  double rot_chance = 0;          // of a read: one bit of what it reads has turned over, for good
  double lost_write_chance = 0;   // of a write: the disk says that it is there, and it is not

  static SimDiskFaults draw(Random& random);
};

struct SimFaults {
  SimLinkFaults link;
  SimShardFaults shard;
  SimDiskFaults disk;

  static SimFaults draw(Random& random) {
    return {SimLinkFaults::draw(random), SimShardFaults::draw(random), SimDiskFaults::draw(random)};
  }
};

}  // namespace weir::runtime
