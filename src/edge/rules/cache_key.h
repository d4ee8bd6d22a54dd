#pragma once
// The primary key of a stored answer (RFC 9111 2): scheme, host, path and query, as bytes.
//
//   "https://example.org/path?query"    the port when it is not the scheme's own
//
// Host in lower case; path as it was sent: an origin may tell "/a/../b" from "/b", and two requests
// that an origin could answer differently must not share a key. HEAD looks for what GET stored.

#include <string_view>

#include "base/buffer.h"
#include "edge/rules/cache_policy.h"
#include "edge/rules/invalidation.h"

namespace weir::edge {

inline constexpr size_t cache_key_bytes_max = 16 * 1024;

// False, and `out` as it was, when it would be larger: such a request is not cached.
bool append_cache_key(Buffer& out, const TargetUrl& url, const QueryRule& rule);

// Appends the part of `query` that the rule keeps; also what the origin should be asked. A rule
// that rewrites drops empty parameters as well.
void append_kept_query(Buffer& out, std::string_view query, const QueryRule& rule);

// Whether a request of this method can be answered with what is stored for its URL.
bool looks_up(wire::RequestMethod method);

}  // namespace weir::edge
