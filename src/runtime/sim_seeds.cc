#include "runtime/sim_seeds.h"

#include <algorithm>
#include <cstdlib>

#include "base/units.h"

namespace weir::runtime {
namespace {

uint64_t number_from(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? parse_u64(text).value_or(otherwise) : otherwise;
}

}  // namespace

SimSeeds SimSeeds::of(uint64_t usual) {
  if (const uint64_t one = number_from("WEIR_SIM_SEED", 0)) return {one, 1};
  const uint64_t part = std::max<uint64_t>(1, number_from("WEIR_SIM_PART", 1));
  return {number_from("WEIR_SIM_FROM", 1),
          number_from("WEIR_SIM_SEEDS", std::max<uint64_t>(1, usual / part))};
}

}  // namespace weir::runtime
