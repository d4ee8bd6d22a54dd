#pragma once
// SimulatedEdge: the edge's service and servers as cli/ builds them, in a simulated process.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/edge_service.h"
#include "net/http_server.h"
#include "otlp/exporters.h"
#include "otlp/metric_collector.h"
#include "runtime/sim_process.h"
#include "settings/load.h"

namespace weir::sim {

struct SimulatedEdgeOptions {
  Address address;
  std::vector<std::string> origin_urls;
  size_t shards = 2;
  Duration request_timeout = seconds(60);
  uint32_t connections_max = 1024;
  uint32_t origin_connections_max = 1024;
  bool origin_http2 = false;
  Duration origin_timeout = seconds(30);  // for the head of an answer
  uint64_t cache_bytes = 64 << 20;
  uint64_t range_bytes_max = 8 << 20;
  uint64_t disk_bytes = 0;     // of the tier on disk; 0: none
  bool disk_takes_all = true;  // otherwise what was hit
  telemetry::TelemetrySettings telemetry = settings::defaults(telemetry::telemetry_settings());
  // Where telemetry is sent; an edge without it sends none.
  std::optional<otlp::OtlpSettings> exports;
  // What stands between a shard's server and its edge, where that is wanted.
  net::HttpHandler& (*wrap)(net::HttpHandler& edge) = nullptr;
};

class SimulatedEdge {
 public:
  SimulatedEdge(runtime::SimWorld& world, const SimulatedEdgeOptions& options);

  runtime::SimProcess& process() { return *process_; }
  // Stops accepting, then closes the listener, as the end of a real process would: whoever is still
  // in its queue is reset. Waits at most `limit` for the shards to hear of it.
  void drain(Duration limit);
  // What the process's main thread does once a second; `wall` is the time of day.
  void tick(WallTime wall);
  telemetry::Registry& registry() { return registry_; }
  edge::EdgeService& service() { return *service_; }
  telemetry::Tracing& tracing() { return tracing_; }

 private:
  runtime::Task<> serve(runtime::Shard& shard);
  runtime::Task<> serve_and_export(runtime::Shard& shard);
  void prepare_exports(const otlp::OtlpSettings& settings);

  runtime::SimWorld& world_;
  net::HttpServerSettings server_settings_;
  telemetry::Registry registry_;
  telemetry::Tracing tracing_;
  telemetry::EventLog log_{-1, telemetry::LogLevel::error};
  const std::optional<otlp::OtlpSettings> exports_;
  otlp::Receivers receivers_;
  otlp::MetricOutbox outbox_;
  std::optional<otlp::MetricCollector> collector_;
  size_t recording_;  // shards that still serve
  std::unique_ptr<edge::EdgeService> service_;
  net::HttpServerGroup servers_;
  int listener_;
  bool drained_ = false;
  net::HttpHandler& (*wrap_)(net::HttpHandler&);
  std::unique_ptr<runtime::SimProcess> process_;
};

}  // namespace weir::sim
