#pragma once
// Store: the edge cache's memory, of the whole process. One partition a shard, by hash of the key:
// its owner shard alone inserts, evicts and purges there, and every shard reads it without a lock.
// Made by the main thread before the shards' ShardStores, ends after them. Says nothing of HTTP:
// what may be stored, for how long, and which variant answers a request is the edge's to decide.
//
// Memory: `bytes` covers objects, bodies, index, tags and what the allocator rounds up, and counts
// what has left the index but is still being sent. A share of it (fill_share) is for answers that
// are still arriving or pass through without being stored; the rest goes to the partitions that
// need it (memory_pool.h). Nothing exceeds its part: eviction makes room first, and what arrives
// waits for its readers.

#include <memory>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "edge/cache/byte_account.h"
#include "edge/cache/epochs.h"
#include "edge/cache/partition.h"
#include "edge/cache/store_settings.h"
#include "telemetry/registry.h"

namespace weir::edge::cache {

class ShardStore;

class Store {
 public:
  // `machine_bytes`: what the process may use in all, 0: unknown. `seed`: random; keys are hashed
  // with it, so that nobody can aim at one bucket.
  Store(const StoreSettings& settings, uint64_t machine_bytes, size_t shards, uint64_t seed);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();

  uint64_t hash_of(std::string_view key) const { return hash(key, seed_); }
  size_t owner_of(uint64_t key_hash) const {
    // The low bits choose the bucket, so that the owner comes from the high ones.
    return static_cast<size_t>((static_cast<unsigned __int128>(key_hash) * partitions_.size()) >>
                               64);
  }
  size_t shards() const { return partitions_.size(); }

  // --- any thread ---
  uint64_t budget_bytes() const { return budget_; }
  // What is held now, of the budget.
  uint64_t held_bytes() const;
  uint64_t object_count() const;
  uint64_t filling_bytes() const { return fill_account_.bytes(); }
  // The largest body that is stored.
  uint64_t object_bytes_max() const { return object_bytes_max_; }
  // Gauges over the above, for as long as the answer lives.
  std::vector<telemetry::Observation> observe(telemetry::Registry& registry);

  // --- for the parts of this module ---
  const Partition& partition(size_t shard) const { return *partitions_[shard]; }
  ByteAccount& filling_account() { return fill_account_; }
  // Where the slices of large bodies lie; nullptr: nowhere of their own.
  const runtime::FileMemory* slices() const { return slices_.get(); }
  const StoreSettings& settings() const { return settings_; }
  uint64_t fill_budget() const { return fill_budget_; }
  // Of it, what bodies and heads may take; the rest is for those who read what arrives.
  uint64_t fill_limit() const;
  const BodyShape& body_shape() const { return body_shape_; }
  // How much of a body that is not stored waits for its readers.
  uint64_t window_bytes() const;
  // nullptr before it was made and after it has ended.
  ShardStore* shard_store(size_t shard) const {
    return shard_stores_[shard].load(std::memory_order_acquire);
  }

 private:
  friend class ShardStore;

  const StoreSettings settings_;
  const uint64_t seed_;
  uint64_t budget_;
  uint64_t fill_budget_;
  uint64_t object_bytes_max_;
  std::unique_ptr<runtime::FileMemory> slices_;
  BodyShape body_shape_;
  ByteAccount fill_account_;
  Epochs epochs_;
  MemoryPool pool_;
  std::vector<std::unique_ptr<Partition>> partitions_;
  std::vector<std::atomic<ShardStore*>> shard_stores_;
};

}  // namespace weir::edge::cache
