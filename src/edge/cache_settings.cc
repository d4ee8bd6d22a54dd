#include "edge/cache_settings.h"

#include <cmath>

#include "base/units.h"
#include "edge/parts.h"
#include "wire/http_fields.h"
#include "wire/scan.h"

namespace weir::edge {
namespace {

using settings::field;
using settings::Group;

constexpr Duration longest = hours(24 * 365);

// "404", or "500-599".
std::optional<std::pair<uint16_t, uint16_t>> parse_statuses(std::string_view text) {
  const size_t dash = text.find('-');
  const auto first = parse_u64(text.substr(0, dash));
  const auto last = dash == text.npos ? first : parse_u64(text.substr(dash + 1));
  if (!first || !last || *first < 200 || *last > 999 || *first > *last) return std::nullopt;
  return std::pair(static_cast<uint16_t>(*first), static_cast<uint16_t>(*last));
}

bool is_path_pattern(std::string_view text) {
  return parse_path_pattern(text).has_value();
}

bool is_status_range(std::string_view text) {
  return parse_statuses(text).has_value();
}

// "name", "name*" or "name=value".
BypassRule bypass_rule(BypassRule::Where where, const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == text.npos) return {where, text, {}};
  return {where, text.substr(0, equals), text.substr(equals + 1)};
}

std::optional<std::string> check_names(const std::vector<std::string>& rules, const char* what) {
  for (const std::string& rule : rules)
    if (!wire::is_token(rule.substr(0, rule.find('='))))
      return "\"" + rule + "\" is no NAME, NAME* or NAME=VALUE of a " + what;
  return std::nullopt;
}

const Group<LifetimeSettings>& lifetime_settings() {
  using S = LifetimeSettings;
  static const Group<S> group{
      "",
      "How long some answers live, whatever their origin says; the first that fits counts.",
      {field(&S::path, "path", "*", "Paths: /images/*, *.css, /images/*.png, /exact, or *.")
           .like(is_path_pattern, "/PATH/*, *.SUFFIX or *"),
       field(&S::status, "status", "200-299", "Statuses of the answers.")
           .like(is_status_range, "STATUS or FIRST-LAST"),
       field(&S::ttl, "ttl", settings::required,
             "Their lifetime; 0 stores none. What is private or no-store is not stored anyway.")
           .between(seconds(0), longest),
       field(
           &S::despite_cookies, "despite_cookies", false,
           "Also for requests with Cookie and answers with Set-Cookie that name no lifetime; only "
           "if these answers are the same for everybody.")}};
  return group;
}

const Group<KeySettings>& key_settings() {
  using S = KeySettings;
  static const Group<S> group{
      "",
      "Which part of a query tells two answers apart; the origin gets that part. The first that "
      "fits counts.",
      {field(&S::path, "path", "*", "Paths: /images/*, *.css, /images/*.png, /exact, or *.")
           .like(is_path_pattern, "/PATH/*, *.SUFFIX or *"),
       field(&S::query, "query", QueryRule::Keep::all,
             {{"all", QueryRule::Keep::all},
              {"none", QueryRule::Keep::none},
              {"only", QueryRule::Keep::only},
              {"except", QueryRule::Keep::except}},
             "all of it, none of it, only the parameters of `names`, or all except those."),
       field(&S::names, "names", {}, "Parameters; utm_* stands for all that begin like this."),
       field(&S::sorted, "sorted", false,
             "Take parameters in any order for the same; only if the origin does, too.")},
      [](const S& s) -> std::optional<std::string> {
        const bool takes = s.query == QueryRule::Keep::only || s.query == QueryRule::Keep::except;
        if (takes == s.names.empty())
          return takes ? "names: name the parameters" : "names: only for query: only or except";
        return std::nullopt;
      }};
  return group;
}

const Group<FillSettings>& fill_settings() {
  using S = FillSettings;
  static const Group<S> group{
      "",
      "How answers come from the origins into the cache.",
      {field(&S::running_max, "running_max", 1024u,
             "Most answers that one shard takes into the cache at a time; further ones are passed "
             "on without being stored.")
           .between(1, 1'000'000),
       field(&S::timeout, "timeout", minutes(10),
             "How long one answer may take to arrive whole, whoever still waits for it.")
           .between(milliseconds(10), hours(24)),
       field(&S::wait, "wait", minutes(1),
             "How long a request waits for the head of an answer that another one fetches; then it "
             "is answered with what is stale, where that is allowed, and with 504 otherwise. They "
             "never all go to the origin.")
           .between(milliseconds(1), minutes(10)),
       field(&S::uncacheable_time, "uncacheable_time", seconds(30),
             "How long it is remembered that an answer could not be stored, so that requests for "
             "it do not wait for each other.")
           .between(seconds(0), hours(1)),
       field(
           &S::range_bytes_max, "range_bytes_max", 8 * MiB,
           "Of objects up to this size the whole is fetched when a part of them was asked for; of "
           "larger ones the parts are stored.")
           .in_bytes()
           .between(0, 1024 * GiB),
       field(&S::parts_max, "parts_max", 16u,
             "How many parts (206) of one variant of an answer are stored; the oldest makes room. "
             "0: parts are passed on, and nothing is put together from them.")
           .between(0u, static_cast<uint32_t>(Parts::most))}};
  return group;
}

const Group<HotKeySettings>& hot_settings() {
  using S = HotKeySettings;
  static const Group<S> group{
      "",
      "The addresses that are asked for most, kept in --data as hot-keys.txt.",
      {field(&S::count, "count", 1000u, "How many are saved; 0 saves none.").between(0, 1'000'000),
       field(&S::interval, "interval", minutes(5), "How often they are saved; and at every stop.")
           .between(seconds(1), hours(24)),
       field(&S::load, "load", false,
             "Fetch what was saved when the program starts, so that the cache is warm soon.")}};
  return group;
}

std::optional<std::string> check_cache(const EdgeCacheSettings& s) {
  if (auto problem = check_names(s.bypass_cookies, "cookie")) return problem;
  if (auto problem = check_names(s.bypass_headers, "header")) return problem;
  return check_names(s.unkeyed_headers, "header");
}

void add_rules(CachePolicy& policy, const std::vector<LifetimeSettings>& lifetimes,
               const std::vector<KeySettings>& keys) {
  for (const LifetimeSettings& s : lifetimes) {
    const auto statuses = *parse_statuses(s.status);
    policy.lifetimes.push_back(
        {*parse_path_pattern(s.path), statuses.first, statuses.second, s.ttl, s.despite_cookies});
  }
  for (const KeySettings& s : keys)
    policy.keys.push_back({*parse_path_pattern(s.path), {s.query, s.names, s.sorted}});
}

void add_bypass(CachePolicy& policy, const std::vector<std::string>& cookies,
                const std::vector<std::string>& headers) {
  for (const std::string& text : cookies)
    policy.bypass.push_back(bypass_rule(BypassRule::Where::cookie, text));
  for (const std::string& text : headers)
    policy.bypass.push_back(bypass_rule(BypassRule::Where::field, text));
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size) allow(function-length): a table reads best as one
const Group<EdgeCacheSettings>& edge_cache_settings() {
  using S = EdgeCacheSettings;
  static const Group<S> group{
      "",
      "The cache: what is stored of the origins' answers, and for how long (docs/caching.md).",
      {field(&S::enabled, "enabled", true, "Off passes every request on; sites may differ.").live(),
       field(&S::default_ttl, "default_ttl", seconds(0),
             "Lifetime of answers for which the origin names none; never used for requests with "
             "Cookie or Authorization, nor for answers with Set-Cookie.")
           .between(seconds(0), longest)
           .live(),
       field(&S::heuristic_share, "heuristic_share", 0.1,
             "Without a default_ttl: the share of the time since Last-Modified that an answer "
             "lives when the origin names no lifetime; 0 turns it off.")
           .between(0.0, 1.0)
           .live(),
       field(&S::heuristic_max, "heuristic_max", hours(24), "Most that this gives.")
           .between(seconds(0), longest)
           .live(),
       field(&S::lifetime_max, "lifetime_max", longest, "Bounds every lifetime.")
           .between(seconds(0), longest)
           .live(),
       field(&S::stale_while_revalidate, "stale_while_revalidate", seconds(0),
             "How long after its end of life an answer is still served while a new one is "
             "fetched, where the origin does not say.")
           .between(seconds(0), longest)
           .live(),
       field(&S::stale_if_error, "stale_if_error", minutes(10),
             "How long after its end of life an answer is still served when the origin fails, "
             "where the origin does not say.")
           .between(seconds(0), longest)
           .live(),
       field(&S::refresh_ahead, "refresh_ahead", 0.05,
             "Answers that are asked for often are fetched anew when this share of their lifetime "
             "is left; 0 waits for the end.")
           .between(0.0, 0.5)
           .live(),
       field(&S::obey_requests, "obey_requests", true,
             "Whether clients may ask for fresher or staler answers by Cache-Control; off ignores "
             "them, so that nobody can drive requests to the origin that way.")
           .live(),
       field(&S::set_cookie, "set_cookie", SetCookiePolicy::store,
             {{"store", SetCookiePolicy::store}, {"never", SetCookiePolicy::never}},
             "Answers with Set-Cookie: store those whose origin names a lifetime, as HTTP has it, "
             "or never any.")
           .live(),
       field(&S::lifetimes, "lifetimes", lifetime_settings(), "Lifetimes by path and status.")
           .live(),
       field(&S::keys, "keys", key_settings(), "Cache keys by path.").live(),
       field(&S::bypass_cookies, "bypass_cookies", {},
             "Requests with one of these cookies go past the cache: NAME, NAME* or NAME=VALUE.")
           .live(),
       field(&S::bypass_headers, "bypass_headers", {},
             "Requests with one of these header fields go past the cache: NAME or NAME=VALUE.")
           .live(),
       field(&S::unkeyed_headers, "unkeyed_headers",
             {"x-original-url", "x-rewrite-url", "x-http-method-override", "x-http-method",
              "x-method-override", "x-host", "x-forwarded-server", "x-forwarded-scheme",
              "x-forwarded-prefix", "x-original-host", "x-http-host-override"},
             "Header fields by which some origins answer something else than the address says; "
             "left out of requests whose answers may be stored, so that nobody can plant one.")
           .live(),
       field(&S::status_header, "status_header", true,
             "Tell clients by Cache-Status where an answer came from.")
           .live(),
       field(&S::purge_method, "purge_method", false,
             "Let trusted peers remove an answer with the method PURGE on its address.")
           .live(),
       field(&S::memory, "memory", cache::store_settings(), "What the cache may hold in memory."),
       field(&S::disk, "disk", disk::disk_settings(), "What the cache may hold on disk."),
       field(&S::fill, "fill", fill_settings(), "How answers come into the cache.").live(),
       field(&S::hot, "hot", hot_settings(), "Prewarming from what was hot.").live()},
      check_cache};
  return group;
}

const Group<SiteCacheSettings>& site_cache_settings() {
  using S = SiteCacheSettings;
  static const Group<S> group{
      "",
      "The cache for this site; what is not given is as edge.cache has it.",
      {field(&S::enabled, "enabled", settings::automatic, "In place of edge.cache.enabled."),
       field(&S::default_ttl, "default_ttl", settings::automatic,
             "In place of edge.cache.default_ttl.")
           .between(seconds(0), longest),
       field(&S::stale_while_revalidate, "stale_while_revalidate", settings::automatic,
             "In place of edge.cache.stale_while_revalidate.")
           .between(seconds(0), longest),
       field(&S::stale_if_error, "stale_if_error", settings::automatic,
             "In place of edge.cache.stale_if_error.")
           .between(seconds(0), longest),
       field(&S::lifetimes, "lifetimes", lifetime_settings(),
             "Looked at before edge.cache.lifetimes."),
       field(&S::keys, "keys", key_settings(), "Looked at before edge.cache.keys."),
       field(&S::bypass_cookies, "bypass_cookies", {}, "Besides edge.cache.bypass_cookies."),
       field(&S::bypass_headers, "bypass_headers", {}, "Besides edge.cache.bypass_headers.")},
      [](const S& s) -> std::optional<std::string> {
        if (auto problem = check_names(s.bypass_cookies, "cookie")) return problem;
        return check_names(s.bypass_headers, "header");
      }};
  return group;
}

CachePolicy compile_cache(const EdgeCacheSettings& all, const SiteCacheSettings& site) {
  CachePolicy policy;
  policy.default_ttl = site.default_ttl.value_or(all.default_ttl);
  policy.heuristic_percent = static_cast<uint8_t>(std::lround(all.heuristic_share * 100));
  policy.heuristic_max = all.heuristic_max;
  policy.lifetime_max = all.lifetime_max;
  policy.stale_while_revalidate = site.stale_while_revalidate.value_or(all.stale_while_revalidate);
  policy.stale_if_error = site.stale_if_error.value_or(all.stale_if_error);
  policy.obey_requests = all.obey_requests;
  policy.set_cookie = all.set_cookie;
  add_rules(policy, site.lifetimes, site.keys);
  add_rules(policy, all.lifetimes, all.keys);
  add_bypass(policy, site.bypass_cookies, site.bypass_headers);
  add_bypass(policy, all.bypass_cookies, all.bypass_headers);
  return policy;
}

}  // namespace weir::edge
