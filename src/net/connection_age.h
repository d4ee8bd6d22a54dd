#pragma once
// How old one connection may grow: what the setting says, and up to a tenth more or less, drawn for
// each, so that connections that began together, as after a restart, do not all go at once.

#include "base/random.h"
#include "base/time.h"

namespace weir::net {

inline Duration draw_age(Duration age_max, Random& random) {
  const Duration tenth = age_max / 10;
  const auto spread = static_cast<uint64_t>(tenth.count()) * 2;
  return age_max - tenth + Duration(static_cast<int64_t>(random.below(spread + 1)));
}

}  // namespace weir::net
