#pragma once
// How HTTP/2 connections from clients are served: the limits that HTTP/1.1 does not have. Times and
// the sizes of heads are those of http.server.

#include "base/time.h"
#include "settings/field.h"

namespace weir::net {

struct Http2ServerSettings {
  bool enabled = false;
  uint32_t streams_max = 0;
  uint32_t requests_max = 0;
  uint32_t window_bytes = 0;
  uint32_t connection_window_bytes = 0;
  uint32_t table_bytes_max = 0;
  uint32_t continuations_max = 0;
  uint32_t resets_per_second = 0;
  uint32_t faults_per_second = 0;
  uint32_t control_frames_per_second = 0;
  Duration age_max{};
  Duration ping_after{};
  Duration ping_timeout{};
};

// The group "http2" inside "http.server".
const settings::Group<Http2ServerSettings>& http2_server_settings();

}  // namespace weir::net
