#pragma once
// OriginSettings: one origin server and how it is talked to. The table with prose and bounds is in
// origin_settings.cc; whoever has origins nests origin_settings() in a table of its own.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "settings/field.h"
#include "wire/url.h"

namespace weir::net {

struct OriginTlsSettings {
  bool verify = true;
  std::string ca_file;      // PEM; empty: the system's authorities
  std::string server_name;  // for SNI and the certificate; empty: the host of the URL
  std::string certificate;  // PEM; ours, for an origin that asks who we are; empty: none
  std::string key;          // PEM; of the certificate
};

struct RetrySettings {
  double share = 0;  // retries as a share of attempts
  uint32_t attempts_max = 0;
};

struct BreakerSettings {
  uint32_t failures_in_row = 0;  // 0: not looked at
  double failure_share = 0;      // of a window's requests
  uint32_t window_requests_min = 0;
  Duration window{};
  Duration open_time{};
  uint32_t probes = 0;
};

// "204" or "200-399".
struct StatusRange {
  uint16_t first = 0;
  uint16_t last = 0;
  static std::optional<StatusRange> parse(std::string_view text);
};

struct HealthCheckSettings {
  std::string path;  // empty: no checks
  std::string host;  // empty: the origin's own
  Duration interval{};
  Duration timeout{};
  uint32_t healthy_after = 0;
  uint32_t unhealthy_after = 0;
  std::vector<std::string> statuses;
};

// What is offered to a server; in clear there is no choice, and `either` is HTTP/1.1.
enum class HttpOffer : uint8_t { http1, http2, either };

enum class Http2Use : uint8_t {
  off,
  on,
  automatic,  // over TLS, where the origin chooses it
};

struct OriginHttp2Settings {
  Http2Use use = Http2Use::off;
  uint32_t streams_max = 0;
  uint32_t window_bytes = 0;
  Duration age_max{};
  Duration ping_after{};
  Duration ping_timeout{};
};

struct OriginSettings {
  std::string url;
  Duration connect_timeout{};
  Duration response_timeout{};
  Duration body_timeout{};
  uint32_t connections_max = 0;
  uint32_t idle_max = 0;
  Duration idle_timeout{};
  uint32_t waiting_max = 0;
  Duration waiting_timeout{};
  uint32_t head_bytes_max = 0;
  RetrySettings retry;
  BreakerSettings breaker;
  HealthCheckSettings health;
  OriginTlsSettings tls;
  bool trusted = false;
  OriginHttp2Settings http2;
};

const settings::Group<OriginSettings>& origin_settings();

// The settings with every default, for an origin that only has a URL.
OriginSettings origin_with_defaults(std::string_view url);

// "http://HOST[:PORT]" or "https://HOST[:PORT]", with nothing but an optional "/" behind it.
bool is_origin_url(std::string_view text);

}  // namespace weir::net
