#include "telemetry/self_metrics.h"

namespace weir::telemetry {

SelfMetrics::SelfMetrics(Registry& registry, const LineLog& access_log, const EventLog& events) {
  const auto observe = [&](const auto& decl, auto read) {
    observations_.push_back(
        registry.observe(decl, {}, [read] { return static_cast<double>(read()); }));
  };
  observe(telemetry_memory, [&registry] { return registry.memory_bytes(); });
  observe(access_log_lines, [&access_log] { return access_log.lines(); });
  observe(access_log_dropped, [&access_log] { return access_log.dropped(); });
  observe(access_log_lost, [&access_log] { return access_log.bytes_lost(); });
  observe(access_log_errors, [&access_log] { return access_log.write_errors(); });
  observe(events_written, [&events] { return events.written(); });
  observe(events_suppressed, [&events] { return events.suppressed(); });
  observe(events_dropped, [&events] { return events.dropped(); });
}

}  // namespace weir::telemetry
