#include "edge/rules/storable.h"

#include "edge/rules/byte_range.h"
#include "edge/rules/cache_tags.h"
#include "edge/rules/validators.h"
#include "edge/rules/vary.h"

namespace weir::edge {
namespace {

using wire::KnownField;
using wire::RequestMethod;

StoreVerdict judge_method(const StoreQuestion& question) {
  const RequestMethod method = question.request.method;
  if (method == RequestMethod::get) return StoreVerdict::store;
  // RFC 9110 9.3.3: what a POST made, when its answer says that it is the content of this URL.
  const bool as_get = method == RequestMethod::post && question.content_location_is_target &&
                      question.response.status == 200 && question.lifetime.is_explicit();
  return as_get ? StoreVerdict::store : StoreVerdict::method;
}

// RFC 9111 3, 5.2.2.3: no-store beside must-understand is for caches that do not know the status.
StoreVerdict judge_directives(const StoreQuestion& question) {
  const ResponseDirectives& said = question.directives;
  if (said.malformed) return StoreVerdict::malformed;
  const bool understood = is_understood(question.response.status);
  if (said.must_understand && !understood) return StoreVerdict::not_understood;
  if (said.no_store && !said.must_understand) return StoreVerdict::no_store;
  if (said.is_private) return StoreVerdict::private_answer;
  // RFC 9111 3.5.
  const bool shareable = said.is_public || said.must_revalidate || said.s_maxage.present();
  if (question.request.has_authorization && !shareable) return StoreVerdict::authorization;
  return StoreVerdict::store;
}

StoreVerdict judge_status(const StoreQuestion& question) {
  const uint16_t status = question.response.status;
  // 304 is no representation, 416 is an answer to one request's range.
  if (status < 200 || status == 304 || status == 416) return StoreVerdict::status;
  const bool cacheable = question.lifetime.is_explicit() || question.directives.is_public ||
                         is_heuristically_cacheable(status);
  if (!cacheable) return StoreVerdict::status;
  if (status != 206) return StoreVerdict::store;
  const bool usable = question.request.has_range && part_in(question.response);
  return usable ? StoreVerdict::store : StoreVerdict::partial;
}

StoreVerdict judge_vary(const wire::Fields& response) {
  switch (vary_kind(response)) {
    case VaryKind::any:
      return StoreVerdict::vary_any;
    case VaryKind::limit:
      return StoreVerdict::vary_limit;
    case VaryKind::none:
      return StoreVerdict::store;
    case VaryKind::names:
      break;
  }
  const bool by_coding = wire::list_contains(response, KnownField::vary, "accept-encoding");
  return by_coding && !is_keyed_coding(response) ? StoreVerdict::unknown_coding
                                                 : StoreVerdict::store;
}

// Whether keeping it is of any use, and does no harm.
StoreVerdict judge_lifetime(const StoreQuestion& question) {
  const Lifetime& lifetime = question.lifetime;
  if (lifetime.source == LifetimeSource::rule && lifetime.value == Duration::zero())
    return StoreVerdict::zero_ttl;
  const bool fresh = lifetime.value > Duration::zero() && !question.directives.no_cache;
  // A 304 lets the head stand: it would give one client's cookie to the next.
  if (!fresh && question.response.fields.has(KnownField::set_cookie))
    return StoreVerdict::set_cookie;
  const Validators validators = validators_of(question.response.fields);
  // An entity tag tells two persons' answers apart, so that the origin can say whether this one is
  // for the next one as well; a date does not.
  if (lifetime.looks_personal)
    return validators.tag.exists() ? StoreVerdict::store : StoreVerdict::personal;
  const bool windows = question.directives.stale_while_revalidate.value().count() > 0 ||
                       question.directives.stale_if_error.value().count() > 0;
  const bool lasts = fresh || (windows && lifetime.is_explicit());
  return lasts || validators.usable() ? StoreVerdict::store : StoreVerdict::no_lifetime;
}

StoreVerdict judge_site(const StoreQuestion& question) {
  const wire::Fields& fields = question.response.fields;
  if (question.policy.set_cookie == SetCookiePolicy::never && fields.has(KnownField::set_cookie))
    return StoreVerdict::set_cookie;
  if (!fields.has_any(wire::KnownFieldSet(KnownField::surrogate_key, KnownField::cache_tag)))
    return StoreVerdict::store;
  CacheTags tags;
  return tags.read(fields) ? StoreVerdict::store : StoreVerdict::tags;
}

}  // namespace

StoreVerdict may_store(const StoreQuestion& question) {
  if (const auto verdict = judge_method(question); verdict != StoreVerdict::store) return verdict;
  if (question.request.no_store && question.policy.obey_requests)
    return StoreVerdict::request_no_store;
  if (const auto verdict = judge_directives(question); verdict != StoreVerdict::store)
    return verdict;
  if (const auto verdict = judge_status(question); verdict != StoreVerdict::store) return verdict;
  if (const auto verdict = judge_vary(question.response.fields); verdict != StoreVerdict::store)
    return verdict;
  if (const auto verdict = judge_lifetime(question); verdict != StoreVerdict::store) return verdict;
  return judge_site(question);
}

std::string_view verdict_named(std::string_view text) {
  for (uint8_t i = 0; i <= static_cast<uint8_t>(StoreVerdict::zero_ttl); ++i)
    if (const auto name = to_string(static_cast<StoreVerdict>(i)); name == text) return name;
  return {};
}

bool forbids_keeping(StoreVerdict verdict) {
  switch (verdict) {
    case StoreVerdict::no_store:
    case StoreVerdict::private_answer:
    case StoreVerdict::malformed:
    case StoreVerdict::not_understood:
    case StoreVerdict::vary_any:
    case StoreVerdict::set_cookie:
    case StoreVerdict::tags:
    case StoreVerdict::zero_ttl:
      return true;
    default:
      return false;
  }
}

bool has_credentials(const wire::Fields& request) {
  return request.has_any(wire::KnownFieldSet(KnownField::cookie, KnownField::authorization));
}

std::string_view reason_without_force(bool with_credentials) {
  return with_credentials ? std::string_view() : to_string(StoreVerdict::personal);
}

bool is_about_request(uint16_t status, StoreVerdict verdict) {
  switch (status) {
    case 206:
    case 304:
    case 412:
    case 416:
    // Something in the request, or who sent it, displeases the origin. If these were remembered,
    // whoever sends one bad field now and then would keep a page out of the cache for all.
    case 400:
    case 403:
    case 406:
    case 408:
    case 413:
    case 417:
    case 421:
    case 429:
    case 431:
      return true;
    default:
      return verdict == StoreVerdict::authorization || verdict == StoreVerdict::request_no_store ||
             verdict == StoreVerdict::bypass || verdict == StoreVerdict::method ||
             verdict == StoreVerdict::variant_limit;
  }
}

std::string_view to_string(StoreVerdict verdict) {
  switch (verdict) {
    case StoreVerdict::store:
      return "store";
    case StoreVerdict::bypass:
      return "bypass";
    case StoreVerdict::method:
      return "method";
    case StoreVerdict::request_no_store:
      return "request-no-store";
    case StoreVerdict::status:
      return "status";
    case StoreVerdict::not_understood:
      return "not-understood";
    case StoreVerdict::no_store:
      return "no-store";
    case StoreVerdict::private_answer:
      return "private";
    case StoreVerdict::malformed:
      return "malformed-cache-control";
    case StoreVerdict::authorization:
      return "authorization";
    case StoreVerdict::set_cookie:
      return "set-cookie";
    case StoreVerdict::vary_any:
      return "vary-any";
    case StoreVerdict::vary_limit:
      return "vary-limit";
    case StoreVerdict::variant_limit:
      return "variant-too-long";
    case StoreVerdict::partial:
      return "unusable-range";
    case StoreVerdict::unknown_coding:
      return "unknown-coding";
    case StoreVerdict::no_lifetime:
      return "no-lifetime";
    case StoreVerdict::personal:
      return "personal";
    case StoreVerdict::tags:
      return "too-many-tags";
    case StoreVerdict::zero_ttl:
      return "zero-ttl";
  }
  return "";
}

}  // namespace weir::edge
