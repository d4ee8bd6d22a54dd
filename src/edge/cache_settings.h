#pragma once
// EdgeCacheSettings: what the edge keeps of the origins' answers, and for how long. The tables with
// prose and bounds are in cache_settings.cc; compile_cache() makes of them what requests look at.

#include <optional>
#include <string>
#include <vector>

#include "edge/cache/store_settings.h"
#include "edge/disk/disk_settings.h"
#include "edge/rules/cache_policy.h"
#include "settings/field.h"

namespace weir::edge {

struct LifetimeSettings {
  std::string path;
  std::string status;
  Duration ttl{};
  bool despite_cookies = false;
};

struct KeySettings {
  std::string path;
  QueryRule::Keep query = QueryRule::Keep::all;
  std::vector<std::string> names;
  bool sorted = false;
};

// Of one site; what it does not say is as edge.cache has it.
struct SiteCacheSettings {
  std::optional<bool> enabled;
  std::optional<Duration> default_ttl;
  std::optional<Duration> stale_while_revalidate;
  std::optional<Duration> stale_if_error;
  std::vector<LifetimeSettings> lifetimes;
  std::vector<KeySettings> keys;
  std::vector<std::string> bypass_cookies;
  std::vector<std::string> bypass_headers;
};

struct FillSettings {
  uint32_t running_max = 0;
  Duration timeout{};
  Duration wait{};
  Duration uncacheable_time{};
  uint64_t range_bytes_max = 0;
  uint32_t parts_max = 0;
};

struct HotKeySettings {
  uint32_t count = 0;
  Duration interval{};
  bool load = false;
};

struct EdgeCacheSettings {
  bool enabled = true;
  Duration default_ttl{};
  double heuristic_share = 0;
  Duration heuristic_max{};
  Duration lifetime_max{};
  Duration stale_while_revalidate{};
  Duration stale_if_error{};
  double refresh_ahead = 0;
  bool obey_requests = true;
  SetCookiePolicy set_cookie = SetCookiePolicy::store;
  std::vector<LifetimeSettings> lifetimes;
  std::vector<KeySettings> keys;
  std::vector<std::string> bypass_cookies;
  std::vector<std::string> bypass_headers;
  std::vector<std::string> unkeyed_headers;
  bool status_header = true;
  bool purge_method = false;
  FillSettings fill;
  HotKeySettings hot;
  cache::StoreSettings memory;
  disk::DiskSettings disk;
};

const settings::Group<EdgeCacheSettings>& edge_cache_settings();
const settings::Group<SiteCacheSettings>& site_cache_settings();

// What the rules look at for one site.
CachePolicy compile_cache(const EdgeCacheSettings& all, const SiteCacheSettings& site);

}  // namespace weir::edge
