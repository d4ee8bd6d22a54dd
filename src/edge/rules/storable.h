#pragma once
// May a shared cache keep this answer (RFC 9111 3)? One verdict out of a closed list; the list is
// what an operator reads when something is not cached.

#include <cstdint>
#include <string_view>

#include "edge/rules/freshness.h"

namespace weir::edge {

enum class StoreVerdict : uint8_t {
  store,
  bypass,            // the site's rules leave this request alone
  method,            // not GET; or POST without Content-Location of the same URL and a lifetime
  request_no_store,  // the request forbids it
  status,            // interim, 304, or without a lifetime and not cacheable by default
  not_understood,    // must-understand, and we do not know the status
  no_store,
  private_answer,
  malformed,       // Cache-Control has no end
  authorization,   // the request had Authorization, and nothing in the answer allows sharing it
  set_cookie,      // it has Set-Cookie and names no lifetime; or the site's policy
  vary_any,        // Vary: *
  vary_limit,      // Vary names too many fields, or too long ones
  variant_limit,   // the request's fields that Vary names are too long
  partial,         // a 206 that was not asked for, or whose Content-Range cannot be relied upon
  unknown_coding,  // it varies by Accept-Encoding in a coding that our keys do not tell apart
  no_lifetime,     // never fresh, and nothing to validate it with
  personal,        // the same, but it might have been fresh if the request had had no Cookie
  tags,            // more tags than are kept: a purge could miss it
  zero_ttl,        // a lifetime rule of the site says 0
};
std::string_view to_string(StoreVerdict verdict);
// The same text as a verdict's, but static; empty: it is none.
std::string_view verdict_named(std::string_view text);

// `content_location_is_target`: the answer's Content-Location names the request's own URL
// (invalidation.h). `path` is for the site's lifetime rules.
struct StoreQuestion {
  const RequestFacts& request;
  const wire::ResponseHead& response;
  const ResponseDirectives& directives;
  const Lifetime& lifetime;
  const CachePolicy& policy;
  bool content_location_is_target = false;
};
StoreVerdict may_store(const StoreQuestion& question);

// Whether a confirmation (304, HEAD) with this verdict on what it makes of the stored answer means
// that it may not be kept any more, whoever asked.
bool forbids_keeping(StoreVerdict verdict);

// Whether a request says who sends it.
bool has_credentials(const wire::Fields& request);
// What could not be stored for this reason may be storable for a request of the other kind; empty:
// there is no such reason.
std::string_view reason_without_force(bool with_credentials);

// Whether an answer that may not be stored is about the request that it answers, and so says
// nothing about the next one for the same thing: nobody should go past the cache because of it.
bool is_about_request(uint16_t status, StoreVerdict verdict);

}  // namespace weir::edge
