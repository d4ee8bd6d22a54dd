#include "edge/cache_desk.h"

#include <algorithm>

#include "edge/cache/shard_store.h"
#include "edge/rules/cache_key.h"
#include "edge/second_tier.h"
#include "edge/stored_answer.h"
#include "wire/http_date.h"
#include "wire/json_writer.h"

namespace weir::edge {
namespace {

using runtime::Task;

// Each tier's half is longer than any purge takes; it goes on if it takes longer. For both schemes
// together less than the admin listener waits.
constexpr Duration desk_time = seconds(14);

constexpr std::string_view schemes[] = {"http://", "https://"};

DeskAnswer problem(uint16_t status, std::string_view text) {
  Buffer out;
  wire::JsonWriter json(out);
  json.begin_object().member("error", text).end_object();
  out.append('\n');
  return {status, std::string(out.view())};
}

// The URL without its scheme; empty when it has none of ours.
std::string_view without_scheme(std::string_view url) {
  for (const std::string_view scheme : schemes)
    if (url.starts_with(scheme)) return url.substr(scheme.size());
  return {};
}

// The first bytes of the keys of all URLs that begin like this: the host in lower case, the rest as
// it is. Keys do not name a port that the scheme implies.
std::string key_prefix(std::string_view scheme, std::string_view rest) {
  std::string key(scheme);
  const size_t host = rest.find('/');
  std::string_view authority = rest.substr(0, host);
  const std::string_view implied = scheme == "http://" ? ":80" : ":443";
  if (host != rest.npos && authority.ends_with(implied)) authority.remove_suffix(implied.size());
  for (const char c : authority)
    key += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  if (host != rest.npos) key += rest.substr(host);
  return key;
}

std::vector<std::string> keys_to_purge(const EdgeConfig& config,
                                       const cache::PurgeRequest& request) {
  if (request.by == cache::PurgeBy::tag) return {request.text};
  const std::string_view rest = without_scheme(request.text);
  std::vector<std::string> keys;
  for (const std::string_view scheme : schemes) {
    if (rest.empty()) break;
    const Site* site = nullptr;
    std::string key = request.by == cache::PurgeBy::prefix
                          ? key_prefix(scheme, rest)
                          : key_of_url(config, std::string(scheme) + std::string(rest), &site);
    if (!key.empty()) keys.push_back(std::move(key));
  }
  return keys;
}

std::string_view to_string(LifetimeSource source) {
  switch (source) {
    case LifetimeSource::none:
      return "none";
    case LifetimeSource::rule:
      return "edge.cache.lifetimes";
    case LifetimeSource::s_maxage:
      return "s-maxage";
    case LifetimeSource::max_age:
      return "max-age";
    case LifetimeSource::expires:
      return "Expires";
    case LifetimeSource::default_ttl:
      return "edge.cache.default_ttl";
    case LifetimeSource::heuristic:
      return "Last-Modified";
  }
  return "";
}

void append_freshness(wire::JsonWriter& json, const StoredFreshness& freshness, MonoTime now) {
  json.member("age_s", age_seconds(freshness.age(now)))
      .member("fresh_for_s", freshness.fresh_for(now) / seconds(1))
      .member("lifetime_s", freshness.lifetime / seconds(1))
      .member("lifetime_from", to_string(freshness.source))
      .member("stale_while_revalidate_s", freshness.stale_while_revalidate / seconds(1))
      .member("stale_if_error_s", freshness.stale_if_error / seconds(1))
      .member("no_cache", freshness.no_cache)
      .member("must_revalidate", freshness.revalidate);
}

void append_answer(wire::JsonWriter& json, const cache::VariantReport& report, MonoTime now) {
  StoredAnswer answer;
  if (report.meta.size() < sizeof answer) return;
  std::memcpy(static_cast<void*>(&answer), report.meta.data(), sizeof answer);
  json.member("status", answer.status)
      .member("vary", std::string_view(report.meta).substr(sizeof answer, answer.vary_bytes))
      .member("etag", answer.entity_tag.in(report.head))
      .member("last_modified", answer.last_modified.in(report.head));
  if (answer.is_part()) {
    Buffer part;
    append_content_range(part, answer.part, answer.whole_bytes);
    json.member("part", part.view());
  }
  append_freshness(json, answer.freshness_since(report.stale_since), now);
}

void append_variant(wire::JsonWriter& json, const cache::VariantReport& report, MonoTime now) {
  json.begin_object().member("variant", report.variant);
  if (report.uncacheable_for) {
    json.member("not_stored", report.meta)
        .member("uncacheable_for_s", *report.uncacheable_for / seconds(1))
        .end_object();
    return;
  }
  append_answer(json, report, now);
  json.member("made_stale", report.stale_since != never)
      .member("arriving", report.filling)
      .member("heat", report.heat)
      .member("body_bytes", report.body_bytes)
      .member("memory_bytes", report.memory_bytes)
      .key("tags")
      .begin_array();
  for (const std::string& tag : report.tags)
    json.value(tag);
  json.end_array().end_object();
}

// Of the variants on disk, what is known without the time that has passed since.
std::string disk_variant(std::string_view variant, std::string_view meta) {
  StoredAnswer answer;
  if (meta.size() < sizeof answer) return {};
  std::memcpy(static_cast<void*>(&answer), meta.data(), sizeof answer);
  Buffer out;
  wire::JsonWriter json(out);
  json.begin_object()
      .member("variant", variant)
      .member("status", answer.status)
      .member("vary", meta.substr(sizeof answer, answer.vary_bytes))
      .member("lifetime_s", answer.freshness.lifetime / seconds(1))
      .end_object();
  return std::string(out.view());
}

// Looks at all of them, and takes none.
bool note_variant(void* list, std::string_view variant, std::string_view meta) {
  static_cast<std::vector<std::string>*>(list)->push_back(disk_variant(variant, meta));
  return false;
}

Task<std::vector<std::string>> variants_on_disk(EdgeShard& edge, const std::string& key) {
  std::vector<std::string> variants;
  (void)co_await edge.disk().find(key, {note_variant, &variants},
                                  {after(edge.shard().now(), desk_time), &edge.fills().cancel()});
  co_return variants;
}

// And no mark that there is none.
bool is_answer(const cache::VariantReport& report) {
  return !report.uncacheable_for;
}

std::string json_of(const std::string& key, const cache::KeyReport& report,
                    const std::vector<std::string>& on_disk, MonoTime now) {
  Buffer out;
  wire::JsonWriter json(out);
  json.begin_object()
      .member("key", key)
      .member("shard", report.owner)
      .member("stored", std::ranges::any_of(report.variants, is_answer))
      .key("variants")
      .begin_array();
  for (const cache::VariantReport& variant : report.variants)
    append_variant(json, variant, now);
  json.end_array().key("on_disk").begin_array();
  for (const std::string& variant : on_disk)
    json.raw(variant);
  json.end_array().key("fetches").begin_array();
  for (const cache::FillReport& fill : report.fills)
    json.begin_object()
        .member("variant", fill.variant)
        .member("waiting", fill.waiting)
        .member("attempts", fill.attempts)
        .end_object();
  json.end_array().end_object();
  out.append('\n');
  return std::string(out.view());
}

}  // namespace

std::string key_of_url(const EdgeConfig& config, std::string_view text, const Site** site) {
  const auto url = wire::parse_url(text);
  if (!url) return {};
  const std::optional<uint32_t> index = config.hosts.find(url->authority.host);
  if (!index) return {};
  *site = &config.sites[*index];
  const std::string_view path = url->path.empty() ? "/" : url->path;
  Buffer key;
  if (!append_cache_key(key,
                        {.scheme = url->scheme,
                         .host = url->authority,
                         .path = path,
                         .query = url->query,
                         .has_query = url->has_query},
                        (*site)->cache.query_rule_for(path)))
    return {};
  return std::string(key.view());
}

Task<DeskAnswer> purge(EdgeShard& edge, cache::PurgeRequest request) {
  const std::vector<std::string> keys = keys_to_purge(edge.config(), request);
  if (keys.empty())
    co_return problem(400, request.by == cache::PurgeBy::prefix
                               ? "a prefix begins with http:// or https:// and a host"
                               : "this is no URL that a site here answers for");
  uint64_t count = 0;
  Result<> all;
  for (const std::string& key : keys) {
    const Result<uint64_t> done =
        co_await purge_tiers(edge, {.by = request.by, .text = key, .soft = request.soft},
                             {after(edge.shard().now(), desk_time), &edge.fills().cancel()});
    if (done) count += *done;
    if (!done && all) all = std::unexpected(done.error());
  }
  if (!all) co_return problem(503, all.error().text);
  Buffer out;
  wire::JsonWriter json(out);
  json.begin_object().member("purged", count).member("soft", request.soft).end_object();
  out.append('\n');
  co_return DeskAnswer{200, std::string(out.view())};
}

Task<DeskAnswer> explain(EdgeShard& edge, std::string url) {
  const Site* site = nullptr;
  const std::string key = key_of_url(edge.config(), url, &site);
  if (!site || key.empty()) co_return problem(400, "this is no URL that a site here answers for");
  if (!site->cached) co_return problem(200, "the site has no cache: edge.cache.enabled is off");
  const auto report = co_await edge.store().explain(
      key, {after(edge.shard().now(), desk_time), &edge.fills().cancel()});
  if (!report) co_return problem(503, report.error().text);
  const std::vector<std::string> on_disk = co_await variants_on_disk(edge, key);
  co_return DeskAnswer{200, json_of(key, *report, on_disk, edge.shard().now())};
}

Task<std::vector<std::string>> hottest(EdgeShard& edge, size_t count) {
  const auto keys = co_await edge.store().hottest(
      count, {after(edge.shard().now(), desk_time), &edge.fills().cancel()});
  std::vector<std::string> urls;
  if (!keys) co_return urls;
  for (const cache::HotKey& each : *keys)
    urls.push_back(each.key);
  co_return urls;
}

}  // namespace weir::edge
