#pragma once
// How connections from clients are served: limits and times of the HTTP server.

#include <string>
#include <vector>

#include "base/time.h"
#include "net/http2_settings.h"
#include "settings/field.h"

namespace weir::net {

struct HttpServerSettings {
  Duration idle_timeout{};
  Duration head_timeout{};
  Duration body_timeout{};
  Duration write_timeout{};
  Duration request_timeout{};
  uint32_t line_bytes_max = 0;
  uint32_t head_bytes_max = 0;
  uint32_t field_bytes_max = 0;
  uint32_t fields_max = 0;
  uint32_t connections_max = 0;
  uint32_t backlog = 0;
  std::vector<std::string> proxy_protocol_from;
  Http2ServerSettings http2;
};

const settings::Group<HttpServerSettings>& http_server_settings();

}  // namespace weir::net
