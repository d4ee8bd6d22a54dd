#pragma once
// TelemetrySettings: what an operator may change about recording, sampling and logging. The table
// with prose and bounds is in settings.cc.

#include <cstdint>
#include <string>

#include "settings/field.h"
#include "telemetry/event_log.h"

namespace weir::telemetry {

struct SamplingSettings {
  double rate = 0;                   // share of traces kept, 0 to 1
  double errors_per_second_max = 0;  // kept for certain, all shards together
};

struct AccessLogSettings {
  std::string path;         // "-" is stdout, "stderr" is stderr, "" is none
  double rate = 0;          // share of requests that get a line
  uint64_t ring_bytes = 0;  // a shard
};

struct TelemetrySettings {
  SamplingSettings sampling;
  AccessLogSettings access_log;
  uint64_t flight_recorder_bytes = 0;  // a shard
  uint32_t queue_spans_max = 0;        // all shards together
  LogLevel log_level = LogLevel::info;
};

const settings::Group<TelemetrySettings>& telemetry_settings();

}  // namespace weir::telemetry
