#include "edge/cache/store.h"

#include <algorithm>
#include <bit>

#include "base/units.h"
#include "edge/cache/fill.h"

namespace weir::edge::cache {
namespace {

// Of a partition's fair share: so that one object never is most of what it always has.
constexpr uint64_t object_divisor = 8;
// Of what arrives: so that bodies which pass through slowly leave memory to others.
constexpr uint64_t slice_divisor = 64, window_divisor = 16;
constexpr uint64_t fill_budget_min = 64 * KiB;
// As many slices as a body can have.
constexpr uint64_t stored_slices_max = 500'000;

uint64_t fill_budget_of(const StoreSettings& settings, uint64_t budget) {
  const double share = static_cast<double>(budget) * settings.fill_share;
  return std::max(static_cast<uint64_t>(share), fill_budget_min);
}

}  // namespace

Store::Store(const StoreSettings& settings, uint64_t machine_bytes, size_t shards, uint64_t seed)
    : settings_(settings),
      seed_(seed),
      budget_(memory_of(settings, machine_bytes)),
      fill_budget_(fill_budget_of(settings, budget_)),
      slices_(runtime::FileMemory::make(budget_)),
      epochs_(shards),
      pool_(budget_ - fill_budget_, shards),
      shard_stores_(shards) {
  body_shape_.slice_bytes = std::clamp(std::bit_floor(fill_budget_ / slice_divisor),
                                       Body::first_slice_bytes, Body::one_piece_bytes_max);
  object_bytes_max_ = std::min({settings.object_bytes_max, pool_.fair_share() / object_divisor,
                                fill_budget_ / 2, stored_slices_max * body_shape_.slice_bytes});
  body_shape_.stored_bytes_max = object_bytes_max_;
  body_shape_.memory = slices_.get();
  for (size_t i = 0; i < shards; ++i)
    partitions_.push_back(std::make_unique<Partition>(settings_, pool_, epochs_));
}

Store::~Store() {
  for (const auto& each : shard_stores_)
    WEIR_ASSERT(!each.load(std::memory_order_relaxed));
}

uint64_t Store::fill_limit() const {
  constexpr uint64_t enough = 16 * KiB;
  return fill_budget_ - std::max(fill_budget_ / 64, std::min(fill_budget_ / 8, enough));
}

uint64_t Store::window_bytes() const {
  return std::max(2 * body_shape_.slice_bytes,
                  std::min(fill_budget_ / window_divisor, Fill::window_bytes_max));
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
