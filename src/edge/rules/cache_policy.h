#pragma once
// CachePolicy: what the settings of a site say about its cache, compiled. Immutable, shared by all
// shards; looking something up allocates nothing. It can make answers live longer or shorter than
// their origin says; it never makes what is private shared.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "wire/http_fields.h"

namespace weir::edge {

// Paths that begin and end like this; empty parts match everything.
struct PathPattern {
  std::string prefix;
  std::string suffix;
  bool exact = false;  // nothing but the prefix

  bool matches(std::string_view path) const;
};
// "/img/*", "*.jpg", "/img/*.jpg", "/exact" or "*"; nothing when it is none of these.
std::optional<PathPattern> parse_path_pattern(std::string_view text);

// Which part of the query is in the key. What is left out of the key should be left out of what the
// origin is asked, too: an origin that sees it could answer everybody with what one client put
// there.
struct QueryRule {
  enum class Keep : uint8_t { all, none, only, except };

  Keep keep = Keep::all;
  std::vector<std::string> names;  // of only and except, decoded; "utm_*" stands for a beginning
  bool sorted = false;             // parameters in the order of their names

  bool rewrites() const { return keep != Keep::all || sorted; }
};

// How long answers live, in place of what their origin says. What forbids storing still does. Where
// the origin says nothing, the rule leaves out requests with Cookie or Authorization and answers
// with Set-Cookie: else "*.jpg" would publish the account page that some origin gives for
// "/account/x.jpg".
struct LifetimeRule {
  PathPattern path;
  uint16_t status_first = 200;  // statuses from..to
  uint16_t status_last = 299;
  Duration ttl{};                // zero: they are not stored
  bool despite_cookies = false;  // the operator vouches that these answers are the same for all
};

struct KeyRule {
  PathPattern path;
  QueryRule query;
};

// Requests that the cache leaves alone: those with this cookie or this field.
struct BypassRule {
  enum class Where : uint8_t { cookie, field };

  Where where = Where::cookie;
  std::string name;   // a trailing '*' stands for any ending
  std::string value;  // empty: any
};

// What becomes of answers with Set-Cookie that may be stored otherwise.
enum class SetCookiePolicy : uint8_t {
  store,  // as RFC 9111 7.3 has it: the origin said how long, so it meant it
  never,
};

struct CachePolicy {
  // For answers without any freshness information; zero: none. Takes the place of the heuristic.
  Duration default_ttl{};
  // RFC 9111 4.2.2: this share of the time since Last-Modified, at most `heuristic_max`.
  uint8_t heuristic_percent = 10;
  Duration heuristic_max = hours(24);
  // Bounds every lifetime.
  Duration lifetime_max = hours(24 * 365);
  // Where the answer does not say: zero, or for how long after its lifetime it may be served.
  Duration stale_while_revalidate{};
  Duration stale_if_error = minutes(10);
  // Whether clients can ask for fresher or staler answers (RFC 9111 5.2.1, which leaves it to us).
  bool obey_requests = true;
  SetCookiePolicy set_cookie = SetCookiePolicy::store;
  std::vector<LifetimeRule> lifetimes;  // the first that fits counts
  std::vector<KeyRule> keys;            // likewise
  std::vector<BypassRule> bypass;

  // nullptr where no rule fits.
  const LifetimeRule* lifetime_rule_for(std::string_view path, uint16_t status) const;
  const QueryRule& query_rule_for(std::string_view path) const;
  bool bypasses(const wire::Fields& request) const;
};

}  // namespace weir::edge
