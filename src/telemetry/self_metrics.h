#pragma once
// SelfMetrics: what the recording itself costs and loses, in memory and in log lines. (What becomes
// of spans is shown by Tracing.)

#include <vector>

#include "telemetry/event_log.h"
#include "telemetry/line_log.h"
#include "telemetry/registry.h"

namespace weir::telemetry {

inline constexpr GaugeDecl telemetry_memory{
    .name = "telemetry.metrics.memory",
    .unit = "By",
    .help = "Memory of all counters and histograms; grows with label sets and latency range."};
inline constexpr CounterDecl access_log_lines{
    .name = "telemetry.access_log.lines",
    .unit = "{line}",
    .help = "Lines that shards handed to the access log."};
inline constexpr CounterDecl access_log_dropped{
    .name = "telemetry.access_log.dropped",
    .unit = "{line}",
    .help =
        "Lines dropped because a shard's ring was full; raise telemetry.access_log.ring_bytes."};
inline constexpr CounterDecl access_log_lost{
    .name = "telemetry.access_log.lost",
    .unit = "By",
    .help = "Bytes of lines lost to failed writes; look at the disk."};
inline constexpr CounterDecl access_log_errors{
    .name = "telemetry.access_log.errors",
    .unit = "{error}",
    .help = "Failed writes and opens of the access log."};
inline constexpr CounterDecl events_written{
    .name = "telemetry.events.written", .unit = "{line}", .help = "Lines the process logged."};
inline constexpr CounterDecl events_suppressed{
    .name = "telemetry.events.suppressed",
    .unit = "{line}",
    .help = "Log lines left out because their place in the program logs too often."};
inline constexpr CounterDecl events_dropped{.name = "telemetry.events.dropped",
                                            .unit = "{line}",
                                            .help = "Log lines that stderr did not take."};

// All three must outlive this.
class SelfMetrics {
 public:
  SelfMetrics(Registry& registry, const LineLog& access_log, const EventLog& events);

 private:
  std::vector<Observation> observations_;
};

}  // namespace weir::telemetry
