#pragma once
// Tables for the tests of this module: a small server with sites, of every type of setting.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "settings/resolve.h"

namespace weir::settings::test {

enum class Backend : uint8_t { automatic, epoll, io_uring };

struct ServerSettings {
  Duration idle_timeout{};
  Duration head_timeout{};
  uint64_t head_bytes_max = 0;
  uint16_t port = 0;
  double sample_rate = 0;
  bool keep_alive = false;
  Backend backend = Backend::automatic;
  std::optional<uint32_t> shards;
  std::string token;
  std::vector<std::string> trusted_peers;
};

struct OriginSettings {
  std::string url;
  uint32_t weight = 0;
};

struct RespondSettings {
  uint16_t status = 0;
  std::string body;
  TextMap headers;
};

struct SiteSettings {
  std::vector<std::string> host;
  std::vector<OriginSettings> origins;
  std::optional<RespondSettings> respond;
};

struct EdgeSettings {
  std::string listen;
  std::vector<SiteSettings> sites;
};

const Group<ServerSettings>& server_settings();
const Group<EdgeSettings>& edge_settings();
Schema test_schema();
// The merged values, or what was wrong, as text.
std::expected<Values, std::string> resolved(const Sources& sources);

}  // namespace weir::settings::test
