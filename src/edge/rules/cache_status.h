#pragma once
// Cache-Status (RFC 9211): how a cache handled a request, as one member of a list to which every
// cache on the way appends. Also said in words for logs and metrics.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "edge/rules/reuse.h"
#include "edge/rules/storable.h"

namespace weir::edge {

struct CacheStatus {
  bool hit = false;
  Forward forward = Forward::none;  // of no hit
  uint16_t forward_status = 0;      // what the origin answered; 0: the same as we do, or not asked
  std::optional<int64_t> ttl_s;     // what was left of the lifetime; negative when stale
  bool stored = false;
  bool collapsed = false;   // waited for another request's fetch
  std::string_view key;     // written when it is not empty
  std::string_view detail;  // a token, such as a StoreVerdict
};

// Appends the whole line for our cache named `name`; those of caches nearer to the origin stand
// before it. A `name` that is no token is written as a string.
void append_cache_status(Buffer& out, std::string_view name, const CacheStatus& status);

// "uri-miss".
std::string_view to_string(Forward forward);

}  // namespace weir::edge
