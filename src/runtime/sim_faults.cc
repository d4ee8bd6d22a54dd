#include "runtime/sim_faults.h"

namespace weir::runtime {
namespace {

bool one_in(Random& random, uint64_t n) {
  return random.below(n) == 0;
}

// Zero most of the time, otherwise a chance below `most`.
double maybe(Random& random, double most) {
  return one_in(random, 3) ? random.unit() * most : 0;
}

}  // namespace

SimLinkFaults SimLinkFaults::draw(Random& random) {
  SimLinkFaults faults;
  faults.latency_min = microseconds(5 + random.below(one_in(random, 4) ? 20'000 : 200));
  faults.latency_spread = microseconds(1 + random.below(one_in(random, 4) ? 50'000 : 500));
  faults.slow_chance = maybe(random, 0.05);
  if (one_in(random, 4)) faults.bytes_per_second = 100'000 + random.below(20'000'000);
  if (one_in(random, 2)) {
    faults.window_min = 1u << (7 + random.below(8));
    faults.window_max = faults.window_min * 4;
  }
  if (one_in(random, 4)) faults.segment_bytes_max = 1u << (8 + random.below(6));
  faults.tear_chance = maybe(random, 0.9);
  faults.refuse_chance = maybe(random, 0.2);
  faults.lost_connect_chance = maybe(random, 0.1);
  faults.reset_chance = maybe(random, 0.3);
  faults.silence_chance = maybe(random, 0.1);
  faults.break_spread = uint64_t{1} << (4 + random.below(16));
  faults.late_fin_chance = maybe(random, 0.3);
  return faults;
}

SimDiskFaults SimDiskFaults::draw(Random& random) {
  SimDiskFaults faults;
  faults.latency_min = microseconds(5 + random.below(200));
  faults.latency_spread = microseconds(1 + random.below(one_in(random, 4) ? 20'000 : 500));
  faults.slow_chance = maybe(random, 0.02);
  faults.short_chance = maybe(random, 0.3);
  faults.read_error_chance = maybe(random, 0.05);
  faults.write_error_chance = maybe(random, 0.05);
  faults.sync_error_chance = maybe(random, 0.05);
  faults.rot_chance = maybe(random, 0.05);
  faults.lost_write_chance = maybe(random, 0.05);
  return faults;
}

SimShardFaults SimShardFaults::draw(Random& random) {
  SimShardFaults faults;
  faults.turn_spread = microseconds(1 + random.below(200));
  faults.stall_chance = maybe(random, 0.01);
  faults.accept_failure_chance = maybe(random, 0.1);
  faults.wall_jump_chance = maybe(random, 0.001);
  return faults;
}

}  // namespace weir::runtime
