#pragma once
// DiskSettings: the cache's second tier, on disk. The table with prose and bounds is in
// disk_settings.cc; the edge nests it under `edge.cache.disk`.

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "settings/field.h"

namespace weir::edge::disk {

enum class Admission : uint8_t { hit_once, all };

struct DiskSettings {
  uint64_t bytes = 0;  // 0: off
  Admission admission = Admission::hit_once;
  uint32_t partitions = 0;
  std::optional<uint64_t> segment_bytes;
  uint64_t object_bytes_max = 0;
  uint64_t index_bytes = 0;
  uint32_t queue_max = 0;        // of a partition
  uint64_t queue_bytes_max = 0;  // likewise
  uint32_t reads_max = 0;        // of a shard
  uint32_t purges_max = 0;       // kept by a partition
  Duration flush_after{};
  Duration timeout{};

  // What `segment_bytes` comes to.
  uint64_t segment_size() const;
};

const settings::Group<DiskSettings>& disk_settings();

}  // namespace weir::edge::disk
