#include "edge/rules/reuse.h"

#include <algorithm>

namespace weir::edge {
namespace {

// Whether a fresh answer is fresh enough for this request (RFC 9111 5.2.1.1, 5.2.1.3, 5.2.1.4).
bool fresh_enough(const StoredFreshness& stored, const RequestDirectives& request, Duration age,
                  Duration fresh_for) {
  if (request.no_cache) return false;
  if (request.min_fresh.valid() && fresh_for < request.min_fresh.value()) return false;
  // RFC 8246 2: an ordinary reload (max-age=0) need not ask again for what never changes.
  const bool age_matters = request.max_age.valid() && !stored.immutable;
  return !age_matters || age <= request.max_age.value();
}

// RFC 9111 5.2.1.2, as far as the answer does not forbid it.
bool stale_enough(const StoredFreshness& stored, const RequestDirectives& request,
                  Duration fresh_for, Duration age) {
  if (stored.revalidate || request.no_cache || request.min_fresh.valid()) return false;
  if (request.max_age.valid() && age > request.max_age.value()) return false;
  return request.any_stale ||
         (request.max_stale.valid() && fresh_for >= -Duration(request.max_stale.value()));
}

Use or_refuse(const RequestDirectives& request) {
  return request.only_if_cached ? Use::refuse : Use::validate;
}

// While one request refreshes, others may have the stale one; not those that asked for care.
bool within_window(const StoredFreshness& stored, const RequestDirectives& request,
                   Duration fresh_for) {
  const bool careful = request.no_cache || request.min_fresh.valid() || request.max_age.valid();
  return !careful && !stored.no_cache && fresh_for > -stored.stale_while_revalidate;
}

}  // namespace

ReuseDecision may_reuse(const StoredFreshness& stored, const RequestDirectives& request,
                        const CachePolicy& policy, MonoTime now) {
  static constexpr RequestDirectives nothing_asked;
  const RequestDirectives& asked = policy.obey_requests ? request : nothing_asked;
  ReuseDecision decision{.age = stored.age(now), .fresh_for = stored.fresh_for(now)};
  if (stored.fresh(now)) {
    if (fresh_enough(stored, asked, decision.age, decision.fresh_for)) {
      decision.use = Use::fresh;
      return decision;
    }
    decision.use = or_refuse(asked);
    decision.forward = Forward::request;
    return decision;
  }
  decision.forward = Forward::stale;
  if (within_window(stored, asked, decision.fresh_for)) {
    decision.use = Use::stale_while_revalidate;
  } else if (stale_enough(stored, asked, decision.fresh_for, decision.age)) {
    decision.use = Use::stale;
    decision.forward = Forward::none;
  } else {
    decision.use = or_refuse(asked);
  }
  return decision;
}

bool may_collapse(const StoredFreshness& fetched, MonoTime requested) {
  const Duration usable = fetched.lifetime + fetched.stale_while_revalidate;
  return !fetched.no_cache && fetched.born + usable > requested;
}

bool may_ever_collapse(const StoredFreshness& stored) {
  return !stored.no_cache && stored.lifetime + stored.stale_while_revalidate > Duration::zero();
}

Use on_miss(const RequestDirectives& request, const CachePolicy& policy) {
  return policy.obey_requests ? or_refuse(request) : Use::validate;
}

bool may_serve_on_error(const StoredFreshness& stored, const RequestDirectives& request,
                        const CachePolicy& policy, MonoTime now) {
  // What was fresh all along needs no permission, but for the request that would not have it.
  const bool insists = policy.obey_requests && request.no_cache;
  if (insists || stored.no_cache) return false;
  Duration window = stored.stale_if_error;
  if (policy.obey_requests && request.stale_if_error.valid() && !stored.revalidate)
    window = std::max<Duration>(window, request.stale_if_error.value());
  return stored.fresh_for(now) > -window;
}

bool is_error_for_stale(uint16_t status) {
  return status == 500 || (status >= 502 && status <= 504);
}

}  // namespace weir::edge
