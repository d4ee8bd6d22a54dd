#pragma once
// May a stored answer be used for this request, now (RFC 9111 4, 4.2.4, 5.2.1; RFC 5861; RFC 8246)?
// Whether it is the right one (key, variant) is decided before.

#include <cstdint>

#include "edge/rules/cache_control.h"
#include "edge/rules/cache_policy.h"
#include "edge/rules/freshness.h"

namespace weir::edge {

// Why a request went on to the origin; the names are those of RFC 9211 2.2, written with '-'.
enum class Forward : uint8_t {
  none,       // it did not
  bypass,     // the site's rules leave it alone
  method,     // its method is not answered from the cache
  uri_miss,   // nothing of that key
  vary_miss,  // nothing of that variant
  miss,       // a miss that is neither of these: it was not looked up
  request,    // fresh, but the request wanted it validated
  stale,
  partial,  // some of the bytes are not here
};

enum class Use : uint8_t {
  fresh,                   // answer with it
  stale,                   // answer with it; the request allows that (max-stale)
  stale_while_revalidate,  // answer with it, and refresh it in the background
  validate,                // ask the origin first
  refuse,                  // 504: the client wants no request to the origin (only-if-cached)
};

struct ReuseDecision {
  Use use = Use::validate;
  Forward forward = Forward::none;  // of validate and stale_while_revalidate
  Duration age{};
  Duration fresh_for{};  // negative when stale
};
ReuseDecision may_reuse(const StoredFreshness& stored, const RequestDirectives& request,
                        const CachePolicy& policy, MonoTime now);

// Whether what was fetched for one request, at `requested`, may answer those who have waited for it
// (RFC 9111 4: a collapsed request wants what may be reused). How long the origin took makes it no
// older: otherwise a slow one would get all of them.
bool may_collapse(const StoredFreshness& fetched, MonoTime requested);
// Whether that can ever be: not of what each request has to ask the origin about.
bool may_ever_collapse(const StoredFreshness& stored);

// Nothing is stored: whether the origin may be asked (Use::validate) or not (Use::refuse).
Use on_miss(const RequestDirectives& request, const CachePolicy& policy);

// The origin cannot be reached or answered 500, 502, 503 or 504: whether the stored answer may
// stand in (RFC 5861 4, RFC 9111 4.2.4 and 4.3.3).
bool may_serve_on_error(const StoredFreshness& stored, const RequestDirectives& request,
                        const CachePolicy& policy, MonoTime now);
// Of an answer of the origin.
bool is_error_for_stale(uint16_t status);

}  // namespace weir::edge
