#pragma once
// StoreSettings: bounds of the edge cache's memory. A nested group of the edge's own; the table
// with prose and bounds is in store_settings.cc.

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "settings/field.h"

namespace weir::edge::cache {

struct StoreSettings {
  std::optional<uint64_t> bytes;  // of the process; none: by the machine (memory_of)
  uint64_t object_bytes_max = 0;
  double fill_share = 0;
  uint32_t fills_max = 0;    // a shard's keys
  uint32_t waiting_max = 0;  // for one fill
  uint32_t attempts_max = 0;
  uint32_t variants_max = 0;
  uint32_t tags_max = 0;
};

const settings::Group<StoreSettings>& store_settings();

// The bytes that the store may use when the process has `machine_bytes` (0: unknown).
uint64_t memory_of(const StoreSettings& settings, uint64_t machine_bytes);

}  // namespace weir::edge::cache
