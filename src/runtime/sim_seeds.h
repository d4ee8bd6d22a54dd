#pragma once
// SimSeeds: the seeds that a simulation in a test plays, one after the other: so many as the test
// says, from 1, unless the environment says otherwise. For tests only.
//
//   WEIR_SIM_SEEDS=5000   how many seeds
//   WEIR_SIM_FROM=1       the first of them
//   WEIR_SIM_SEED=42      this one alone
//   WEIR_SIM_PART=4       a fourth of what the test says: sanitizers make each ten times as long

#include <cstdint>

namespace weir::runtime {

struct SimSeeds {
  uint64_t first = 1;
  uint64_t count = 0;

  static SimSeeds of(uint64_t usual);
};

}  // namespace weir::runtime
