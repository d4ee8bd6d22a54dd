#include "edge/cache/store_settings.h"

#include <algorithm>

#include "base/units.h"

namespace weir::edge::cache {

const settings::Group<StoreSettings>& store_settings() {
  using S = StoreSettings;
  using settings::field;
  static const settings::Group<S> group{
      "",
      "The memory of the cache.",
      {field(&S::bytes, "bytes", settings::automatic,
             "Memory that stored answers may take, everything counted; auto is half of what the "
             "process may use. Raise it when edge.cache.removed{reason=\"evicted\"} grows and the "
             "machine has memory left.")
           .in_bytes()
           .between(1 * MiB, 1024 * GiB * 16),
       field(&S::object_bytes_max, "object_bytes_max", 64 * MiB,
             "Largest body that is stored; never more than an eighth of a shard's part of the "
             "memory.")
           .in_bytes()
           .at_least(1 * KiB),
       field(&S::fill_share, "fill_share", 0.125,
             "Part of the memory for answers that are still arriving; more at once are passed on "
             "without being stored.")
           .between(0.01, 0.5),
       field(&S::fills_max, "fills_max", 4096u,
             "Keys that may be fetched at the same time, for each shard that owns them; further "
             "misses go on alone.")
           .between(1, 1'000'000),
       field(&S::waiting_max, "waiting_max", 10'000u,
             "Requests that may wait for one fetch to bring its head; more go on alone.")
           .between(0, 10'000'000),
       field(
           &S::attempts_max, "attempts_max", 2u,
           "How often a fetch that failed is tried for those who wait, one at a time, before they "
           "all are told.")
           .between(1, 100),
       field(&S::variants_max, "variants_max", 64u,
             "Answers under one key that differ by Vary; the oldest goes when there are more.")
           .between(1, 10'000),
       field(&S::tags_max, "tags_max", 64u, "Tags of one answer; it is not stored with more.")
           .between(0, 1024)}};
  return group;
}

uint64_t memory_of(const StoreSettings& settings, uint64_t machine_bytes) {
  constexpr uint64_t unknown_machine = 256 * MiB, least = 1 * MiB;
  if (settings.bytes) return *settings.bytes;
  return machine_bytes == 0 ? unknown_machine : std::max(machine_bytes / 2, least);
}

}  // namespace weir::edge::cache
