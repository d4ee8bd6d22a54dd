#pragma once
// HealthChecker: asks one origin now and then whether it works, each time over a connection of its
// own, and tells all shards through its OriginShare. One shard does it for all. Decides nothing
// about requests: whoever chooses among origins looks at OriginShare::healthy().

#include "net/origin_client.h"
#include "telemetry/event_log.h"

namespace weir::net {

inline constexpr telemetry::GaugeDecl origin_healthy{
    .name = "origin.healthy",
    .unit = "1",
    .help =
        "1: the origin passes its health checks; 0: it does not, and is asked only when no "
        "origin of its site does.",
    .labels = {"origin"},
    .merge = telemetry::GaugeMerge::max};
inline constexpr telemetry::CounterDecl origin_health_checks{
    .name = "origin.health.checks",
    .unit = "{check}",
    .help = "Health checks of the origin, by result.",
    .labels = {"origin", "result"}};

class HealthChecker {
 public:
  // The references outlive it; `log` may be null.
  HealthChecker(runtime::Shard& shard, OriginClient& client, telemetry::Recorder& recorder,
                telemetry::EventLog* log);

  // Until `stop` is requested. Settings with a path are needed.
  runtime::Task<> run(runtime::Cancel& stop);

 private:
  // The status, or why there was none.
  runtime::Task<Result<uint16_t>> ask(runtime::Wait wait);
  void judge(const Result<uint16_t>& status);
  void announce(const Result<uint16_t>& status);

  runtime::Shard& shard_;
  OriginClient& client_;
  OriginShare& share_;
  const HealthCheckSettings& settings_;
  telemetry::EventLog* log_;
  telemetry::Gauge healthy_;
  telemetry::Counter passed_;
  telemetry::Counter failed_;
  uint32_t in_row_ = 0;  // checks, one after another, that speak against the present state
};

}  // namespace weir::net
