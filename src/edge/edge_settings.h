#pragma once
// EdgeSettings: the sites that an edge serves, and how. The tables with prose and bounds are in
// edge_settings.cc.

#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "edge/cache_settings.h"
#include "net/client_watch.h"
#include "net/origin_settings.h"
#include "net/tls_server_settings.h"
#include "settings/field.h"

namespace weir::edge {

struct RespondSettings {
  static constexpr uint64_t body_file_bytes_max = 16 * MiB;  // it stays in memory

  uint32_t status = 0;
  settings::TextMap headers;
  std::string body;
  std::string body_file;
};

struct PathSettings {
  std::string prefix;
  std::string to;
  uint32_t redirect = 0;
};

struct CorsSettings {
  std::vector<std::string> allow_origins;
  std::vector<std::string> allow_methods;
  std::vector<std::string> allow_headers;
  std::vector<std::string> expose_headers;
  bool allow_credentials = false;
  Duration max_age{};
};

struct HeaderSettings {
  settings::TextMap request_set;
  std::vector<std::string> request_remove;
  settings::TextMap response_set;
  std::vector<std::string> response_remove;
};

struct SiteSettings {
  std::vector<std::string> host;
  std::vector<net::OriginSettings> origins;
  std::optional<RespondSettings> respond;
  std::vector<PathSettings> paths;
  std::optional<CorsSettings> cors;
  HeaderSettings headers;
  SiteCacheSettings cache;
  uint64_t body_bytes_max = 0;
  Duration request_timeout{};
  bool pass_host = false;
};

struct HealthSettings {
  std::string live_path;
  std::string ready_path;
};

struct EdgeSettings {
  std::string listen;
  std::string listen_tls;  // empty: none
  net::TlsServerSettings tls;
  std::optional<net::OriginSettings> origin;
  std::vector<SiteSettings> sites;
  std::vector<std::string> trusted_peers;
  HealthSettings health;
  EdgeCacheSettings cache;
  net::ClientAbort client_abort{};
  std::string name;
};

const settings::Group<EdgeSettings>& edge_settings();

}  // namespace weir::edge
