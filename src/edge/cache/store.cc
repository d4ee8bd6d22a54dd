#include "edge/cache/store.h"

#include <algorithm>

namespace weir::edge::cache {
namespace {

// Of a partition or of what arrives: so that one object never is most of it.
constexpr uint64_t object_divisor = 8;

}  // namespace

Store::Store(const StoreSettings& settings, uint64_t machine_bytes, size_t shards, uint64_t seed)
    : settings_(settings),
      seed_(seed),
      budget_(memory_of(settings, machine_bytes)),
      fill_budget_(static_cast<uint64_t>(static_cast<double>(budget_) * settings.fill_share)),
      epochs_(shards),
      shard_stores_(shards) {
  const uint64_t capacity = (budget_ - fill_budget_) / shards;
  object_bytes_max_ =
      std::min({settings.object_bytes_max, capacity / object_divisor, fill_budget_ / 2});
  for (size_t i = 0; i < shards; ++i)
    partitions_.push_back(std::make_unique<Partition>(settings_, capacity, epochs_));
}

Store::~Store() {
  for (const auto& each : shard_stores_)
    WEIR_ASSERT(!each.load(std::memory_order_relaxed));
}

uint64_t Store::held_bytes() const {
  uint64_t bytes = fill_account_.bytes();
  for (const auto& partition : partitions_)
    bytes += partition->bytes();
  return bytes;
}

uint64_t Store::object_count() const {
  uint64_t count = 0;
  for (const auto& partition : partitions_)
    count += partition->object_count();
  return count;
}

std::vector<telemetry::Observation> Store::observe(telemetry::Registry& registry) {
  const auto whole = [](uint64_t value) { return static_cast<double>(value); };
  std::vector<telemetry::Observation> made;
  made.push_back(registry.observe(bytes_decl, {}, [=, this] { return whole(held_bytes()); }));
  made.push_back(registry.observe(bytes_max_decl, {}, [=, this] { return whole(budget_bytes()); }));
  made.push_back(
      registry.observe(filling_bytes_decl, {}, [=, this] { return whole(filling_bytes()); }));
  made.push_back(registry.observe(objects_decl, {}, [=, this] { return whole(object_count()); }));
  return made;
}

}  // namespace weir::edge::cache
