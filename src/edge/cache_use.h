#pragma once
// CacheUse: what one request and the cache have to do with each other, as the steps find it out.
// Lives in the EdgeRequest.

#include <optional>
#include <string>

#include "edge/cache/object.h"
#include "edge/cache/purge.h"
#include "edge/cache_metrics.h"
#include "edge/rules/byte_range.h"
#include "edge/rules/cache_status.h"
#include "edge/rules/reuse.h"

namespace weir::edge {

struct CacheUse {
  enum class Way : uint8_t {
    none,   // the site has no cache
    pass,   // past the cache, to an origin
    serve,  // `object` is the answer
    purge,  // a trusted peer removes what is stored under this address
    ask,    // an origin is to be asked, for all who want the same; `object`, if any, is stale
    disk,   // it may be on disk; otherwise it would be passed on, or refused
  };

  Way way = Way::none;
  CacheResult result = CacheResult::none;
  CacheStatus status;
  RequestDirectives directives;
  std::string key;      // once the request has to wait for something
  std::string variant;  // which of the answers to the key it wants, as far as is known
  // The one part that it wants, where the whole is not stored: it may be answered with a stored
  // part, and what an origin answers be stored as one.
  std::optional<RangeSpec> part;
  bool wants_whole = false;  // parts were asked for; the whole may be worth fetching
  bool disk_asked = false;   // it was looked for there
  uint64_t hash = 0;
  uint64_t seen = 0;   // Object::stamp() of the newest answer that was there
  cache::Begun begun;  // of a POST: when the origin was asked
  cache::ObjectRef object;
};

}  // namespace weir::edge
