#pragma once
// TelemetrySettings: what an operator may change about recording, sampling and logging. The table
// with prose and bounds is in settings.cc.

#include <cstdint>
#include <string>

#include "settings/field.h"
#include "telemetry/client_addresses.h"
#include "telemetry/event_log.h"
#include "telemetry/sampling_settings.h"

namespace weir::telemetry {

struct AccessLogSettings {
  std::string path;         // "-" is stdout, "stderr" is stderr, "" is none
  double rate = 0;          // share of requests that get a line
  uint64_t ring_bytes = 0;  // a shard
};

enum class SpanDetail : uint8_t { basic, full };

// What is recorded about requests.
enum class Recording : uint8_t { nothing, metrics, everything };

struct TelemetrySettings {
  Recording record = Recording::everything;
  SamplingSettings sampling;
  AccessLogSettings access_log;
  uint64_t flight_recorder_bytes = 0;   // a shard
  Duration crash_dump{};                // of the flight recorders
  uint32_t paths_max = 0;               // 0: none
  uint32_t queue_spans_max = 0;         // all shards together
  uint32_t queue_logs_max = 0;          // all shards together
  uint64_t logs_ring_bytes = 0;         // a shard
  std::optional<double> cpu_share_max;  // auto: by the sampling strategy
  AddressDetail client_address = AddressDetail::kept;
  SpanDetail span_detail = SpanDetail::basic;
  bool exemplars = true;
  bool test_route = false;
  LogLevel log_level = LogLevel::info;
};

const settings::Group<TelemetrySettings>& telemetry_settings();

}  // namespace weir::telemetry
