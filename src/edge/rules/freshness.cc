#include "edge/rules/freshness.h"

#include <algorithm>

#include "wire/http_date.h"

namespace weir::edge {
namespace {

using std::chrono::sys_seconds;
using wire::KnownField;

constexpr Duration duration_max = delta_seconds_max;

Duration clamp(std::chrono::seconds value) {
  return std::clamp(value, std::chrono::seconds(0), delta_seconds_max);
}

sys_seconds seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

// Of the first field of that name; RFC 9111 4.2.1 and RFC 9110 5.3: more of them are a fault, of
// which the first is made use of.
std::optional<sys_seconds> date_of(const wire::Fields& fields, KnownField id, sys_seconds now) {
  const wire::Field* field = fields.find(id);
  return field ? wire::parse_http_date(field->value, now) : std::nullopt;
}

// When the answer was made, as far as it says (RFC 9110 6.6.1: otherwise when it came).
sys_seconds date_or_now(const wire::Fields& response, sys_seconds now) {
  return date_of(response, KnownField::date, now).value_or(now);
}

// RFC 9111 5.3: what is no date means "already expired".
Duration expires_lifetime(const wire::Fields& response, sys_seconds now) {
  const auto expires = date_of(response, KnownField::expires, now);
  if (!expires) return Duration::zero();
  return clamp(*expires - date_or_now(response, now));
}

// RFC 9111 4.2.1, in its order. CDN-Cache-Control takes the place of Expires as well.
Lifetime named_lifetime(const wire::Fields& response, const ResponseDirectives& directives,
                        sys_seconds now) {
  if (directives.s_maxage.present()) return {directives.s_maxage.value(), LifetimeSource::s_maxage};
  if (directives.max_age.present()) return {directives.max_age.value(), LifetimeSource::max_age};
  if (directives.source != DirectiveSource::cdn_cache_control && response.has(KnownField::expires))
    return {expires_lifetime(response, now), LifetimeSource::expires};
  return {};
}

// RFC 9111 4.2.2.
Duration heuristic_lifetime(const wire::Fields& response, const CachePolicy& policy,
                            sys_seconds now) {
  const auto modified = date_of(response, KnownField::last_modified, now);
  if (!modified) return Duration::zero();
  const Duration unchanged = clamp(date_or_now(response, now) - *modified);
  return std::min(unchanged / 100 * policy.heuristic_percent, policy.heuristic_max);
}

// Whether the exchange gives a reason to think that the answer is one person's.
bool looks_personal(const RequestFacts& request, const wire::Fields& response) {
  return request.has_cookie || request.has_authorization || response.has(KnownField::set_cookie);
}

// Nobody said how long: only for what is the same for everybody, as far as we can see.
Lifetime assumed_lifetime(const wire::ResponseHead& response, const ResponseDirectives& directives,
                          const RequestFacts& request, const CachePolicy& policy, sys_seconds now) {
  if (!is_heuristically_cacheable(response.status) && !directives.is_public) return {};
  if (looks_personal(request, response.fields)) return {.looks_personal = true};
  if (request.method == wire::RequestMethod::post) return {};
  // RFC 9111 5.4 leaves it open what Pragma means in an answer; whoever wrote it meant this.
  if (directives.source == DirectiveSource::none && response.fields.has(KnownField::pragma) &&
      wire::list_contains(response.fields, KnownField::pragma, "no-cache"))
    return {};
  if (policy.default_ttl > Duration::zero())
    return {policy.default_ttl, LifetimeSource::default_ttl};
  const Duration heuristic = heuristic_lifetime(response.fields, policy, now);
  if (heuristic == Duration::zero()) return {};
  return {heuristic, LifetimeSource::heuristic};
}

// How long past its lifetime, as the answer says; else as the site says, unless the answer forbids.
Duration stale_window(DeltaSeconds named, Duration of_policy,
                      const ResponseDirectives& directives) {
  if (directives.must_revalidate || directives.proxy_revalidate || directives.no_cache)
    return Duration::zero();
  if (named.present()) return named.value();
  // s-maxage has the meaning of proxy-revalidate (RFC 9111 5.2.2.10), but an origin that names a
  // window beside it wants that window: this pair is how sites drive their CDNs.
  return directives.s_maxage.present() ? Duration::zero() : std::min(of_policy, duration_max);
}

}  // namespace

RequestFacts request_facts(wire::RequestMethod method, const wire::Fields& request,
                           const RequestDirectives& directives) {
  return {.method = method,
          .has_authorization = request.has(KnownField::authorization),
          .has_cookie = request.has(KnownField::cookie),
          .has_range = request.has(KnownField::range),
          .no_store = directives.no_store};
}

Lifetime lifetime(const LifetimeQuestion& question) {
  const CachePolicy& policy = question.policy;
  const sys_seconds now = seconds_of(question.responded);
  Lifetime found = named_lifetime(question.response.fields, question.directives, now);
  const bool named = found.source != LifetimeSource::none;
  const LifetimeRule* rule = policy.lifetime_rule_for(question.path, question.response.status);
  if (rule && (named || rule->despite_cookies ||
               !looks_personal(question.request, question.response.fields)))
    found = {rule->ttl, LifetimeSource::rule};
  else if (!named)
    found = assumed_lifetime(question.response, question.directives, question.request, policy, now);
  found.value = std::min(found.value, policy.lifetime_max);
  return found;
}

Duration initial_age(const wire::Fields& response, const FetchTimes& times) {
  const sys_seconds now = seconds_of(times.responded_wall);
  const Duration apparent = clamp(now - date_or_now(response, now));
  Duration named = Duration::zero();
  // RFC 9111 5.1: the first of a list; what is no number does not count.
  wire::ListElements list(response, KnownField::age);
  if (std::string_view first; list.next(first)) named = parse_delta_seconds(first).value();
  const Duration delay = std::max(times.responded - times.requested, Duration::zero());
  return std::max(apparent, std::min(named + delay, duration_max));
}

StoredFreshness stored_freshness(const wire::Fields& response, const ResponseDirectives& directives,
                                 const Lifetime& lifetime, const FetchTimes& times,
                                 const CachePolicy& policy) {
  StoredFreshness out;
  out.born = times.responded - initial_age(response, times);
  out.lifetime = lifetime.value;
  out.source = lifetime.source;
  // What may be one person's is for another only if the origin says so, each time.
  out.no_cache = directives.no_cache || lifetime.looks_personal;
  out.immutable = directives.immutable;
  out.revalidate = directives.must_revalidate || directives.proxy_revalidate ||
                   directives.s_maxage.present() || out.no_cache;
  out.stale_while_revalidate =
      stale_window(directives.stale_while_revalidate, policy.stale_while_revalidate, directives);
  out.stale_if_error = stale_window(directives.stale_if_error, policy.stale_if_error, directives);
  return out;
}

StoredFreshness with_age(StoredFreshness freshness, Duration age, MonoTime now) {
  freshness.born = now - std::clamp(age, Duration::zero(), duration_max);
  return freshness;
}

uint64_t age_seconds(Duration age) {
  return static_cast<uint64_t>(std::clamp(age, Duration::zero(), duration_max) / seconds(1));
}

bool is_heuristically_cacheable(uint16_t status) {
  switch (status) {
    case 200:
    case 203:
    case 204:
    case 206:
    case 300:
    case 301:
    case 308:
    case 404:
    case 405:
    case 410:
    case 414:
    case 501:
      return true;
    default:
      return false;
  }
}

bool is_understood(uint16_t status) {
  switch (status) {
    case 200:
    case 203:
    case 204:
    case 206:
    case 300:
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
    case 400:
    case 401:
    case 403:
    case 404:
    case 405:
    case 410:
    case 414:
    case 421:
    case 451:
    case 500:
    case 501:
    case 502:
    case 503:
    case 504:
      return true;
    default:
      return false;
  }
}

}  // namespace weir::edge
