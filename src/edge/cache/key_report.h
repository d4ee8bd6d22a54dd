#pragma once
// KeyReport: what the store knows of one key, for an operator. HotKey: a key with how much it is
// used.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "edge/cache/object.h"

namespace weir::edge::cache {

struct HotKey {
  std::string key;
  uint8_t heat = 0;
  bool in_main_queue = false;  // asked for more than once
};

struct VariantReport {
  std::string variant;
  std::string meta;
  std::string head;
  std::vector<std::string> tags;
  PolicyQueue queue = PolicyQueue::none;
  uint8_t heat = 0;
  MonoTime stale_since = never;  // by a soft purge
  bool filling = false;
  std::optional<Duration> uncacheable_for;  // a mark that answers were not storable
  uint64_t stamp = 0;
  uint64_t body_bytes = 0;    // that are there
  uint64_t memory_bytes = 0;  // that it takes
};

struct FillReport {
  std::string variant;
  size_t waiting = 0;
  uint32_t attempts = 0;
};

struct KeyReport {
  size_t owner = 0;
  uint64_t hash = 0;
  std::vector<VariantReport> variants;  // newest first
  std::vector<FillReport> fills;        // whose head has not come yet
};

}  // namespace weir::edge::cache
