#pragma once
// How long an answer is fresh, and how old it is (RFC 9111 4.2). Everything that the head says is
// worked out once, when the answer is stored; from then on a question is a subtraction. Ages run on
// the monotonic clock: a jump of the wall clock makes nothing fresh again.

#include <cstdint>

#include "base/time.h"
#include "edge/rules/cache_control.h"
#include "edge/rules/cache_policy.h"
#include "wire/http1_response.h"

namespace weir::edge {

// What the rules want to know of the request that an answer belongs to; outlives its head.
struct RequestFacts {
  wire::RequestMethod method = wire::RequestMethod::get;
  bool has_authorization = false;
  bool has_cookie = false;
  bool has_range = false;
  bool no_store = false;
};
RequestFacts request_facts(wire::RequestMethod method, const wire::Fields& request,
                           const RequestDirectives& directives);

// Of one fetch.
struct FetchTimes {
  MonoTime requested;       // the request was sent
  MonoTime responded;       // the head of the answer was here
  WallTime responded_wall;  // the same moment, to compare with Date
};

enum class LifetimeSource : uint8_t {
  none,      // nothing says how long: never fresh
  rule,      // LifetimeRule
  s_maxage,  // of Cache-Control or CDN-Cache-Control
  max_age,   // likewise
  expires,
  default_ttl,  // CachePolicy
  heuristic,    // Last-Modified
};

// What is kept of all that with a stored answer.
struct StoredFreshness {
  MonoTime born;                      // when its age was zero
  Duration lifetime{};                // fresh while younger
  Duration stale_while_revalidate{};  // how long past that it may be served meanwhile
  Duration stale_if_error{};          // how long past that it may be served instead of an error
  LifetimeSource source = LifetimeSource::none;
  bool no_cache = false;  // each use must be validated
  // Never served stale but in the windows above, which are then the origin's own words.
  bool revalidate = false;
  bool immutable = false;  // RFC 8246

  Duration age(MonoTime now) const { return now > born ? now - born : Duration::zero(); }
  // Negative: since when it is stale.
  Duration fresh_for(MonoTime now) const { return lifetime - age(now); }
  bool fresh(MonoTime now) const { return age(now) < lifetime && !no_cache; }
};

// How long an answer is fresh, and who says so.
struct Lifetime {
  Duration value{};
  LifetimeSource source = LifetimeSource::none;
  // Nobody said how long, and the request had Cookie or Authorization, or the answer has
  // Set-Cookie: it may be one person's.
  bool looks_personal = false;

  // Whether the origin said it itself, or the operator for this path (RFC 9111 3: explicit).
  bool is_explicit() const {
    return source != LifetimeSource::none && source < LifetimeSource::default_ttl;
  }
};
struct LifetimeQuestion {
  const wire::ResponseHead& response;
  const ResponseDirectives& directives;  // of that response
  const RequestFacts& request;
  const CachePolicy& policy;
  std::string_view path;  // of the request, for the policy's rules
  WallTime responded;
};
Lifetime lifetime(const LifetimeQuestion& question);

// RFC 9111 4.2.3: corrected_initial_age.
Duration initial_age(const wire::Fields& response, const FetchTimes& times);

StoredFreshness stored_freshness(const wire::Fields& response, const ResponseDirectives& directives,
                                 const Lifetime& lifetime, const FetchTimes& times,
                                 const CachePolicy& policy);

// The same as after a restart that forgot the monotonic clock: it is `age` old at `now`.
StoredFreshness with_age(StoredFreshness freshness, Duration age, MonoTime now);

// As an Age field says it: whole seconds, at most 2^31.
uint64_t age_seconds(Duration age);

// Whether a final status can be given a lifetime that its answer does not name (RFC 9110 15.1).
bool is_heuristically_cacheable(uint16_t status);
// Whether we know what it means for caching (RFC 9111 3, must-understand).
bool is_understood(uint16_t status);

}  // namespace weir::edge
