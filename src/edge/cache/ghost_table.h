#pragma once
// GhostTable: remembers the hashes of keys that were evicted lately, first in, first out, as
// fingerprints of 32 bits: 8 bytes a key, allocated once. A wrong "yes" (about one in a billion a
// slot) only sends an object to the other queue. Owner's only.

#include <cstdint>
#include <memory>

#include "base/hash.h"

namespace weir::edge::cache {

class GhostTable {
 public:
  // For at least `keys` keys.
  explicit GhostTable(size_t keys);

  // Remembers `hash` until `window` further ones were added (or the table's own size).
  void add(uint64_t hash, size_t window);
  // Whether it is remembered; forgets it.
  bool take(uint64_t hash);
  uint64_t bytes() const { return (mask_ + 1) * sizeof(Bucket); }

 private:
  static constexpr size_t ways = 8;
  struct Ghost {
    uint32_t print = 0;
    uint32_t added = 0;  // value of clock_ then; 0: empty
  };
  struct alignas(64) Bucket {
    Ghost ghosts[ways];
  };

  Bucket& bucket_of(uint64_t hash) { return buckets_[hash & mask_]; }
  static uint32_t print_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
  bool remembered(const Ghost& ghost) const {
    return ghost.added != 0 && clock_ - ghost.added < window_;
  }

  size_t mask_;
  std::unique_ptr<Bucket[]> buckets_;
  uint32_t clock_ = 0;
  uint32_t window_ = 0;
};

}  // namespace weir::edge::cache
