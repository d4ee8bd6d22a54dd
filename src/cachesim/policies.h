#pragma once
// CachePolicy: a cache of some capacity under one rule of eviction, as far as hits and misses go.
// The rivals are written for a comparison, not for use; `weir` is the class that the edge's store
// evicts with (edge/cache/s3_fifo.h).

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace weir::cachesim {

class CachePolicy {
 public:
  virtual ~CachePolicy() = default;
  // True: a hit. A miss is stored, if it fits into the cache at all.
  virtual bool request(uint32_t object, uint64_t bytes) = 0;
};

struct PolicyChoice {
  std::string_view name;
  // For a cache of `capacity` bytes; objects are numbered below `objects`.
  std::unique_ptr<CachePolicy> (*make)(uint64_t capacity, size_t objects);
};

// LRU, SIEVE, S3-FIFO, weir.
std::span<const PolicyChoice> policy_choices();

}  // namespace weir::cachesim
