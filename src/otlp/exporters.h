#pragma once
// Exporters: what sends traces, metrics and logs, each signal that has a receiver, on one shard for
// all of them; of traces and logs as many as may have a request under way at once. Receivers: who
// that is, for the process.
//
//   Exporters exporters(shard, parts, receivers, settings, resource);
//   exporters.start();   ...   co_await exporters.stop();

#include <deque>
#include <expected>
#include <optional>
#include <string>

#include "otlp/log_exporter.h"
#include "otlp/metric_exporter.h"
#include "otlp/trace_exporter.h"

namespace weir::otlp {

// By signal; null where it is not sent.
struct Receivers {
  net::OriginSharePtr traces;
  net::OriginSharePtr metrics;
  net::OriginSharePtr logs;

  bool any() const { return traces || metrics || logs; }
  // Errors: a text for the operator.
  static std::expected<Receivers, std::string> of(const OtlpSettings& settings, size_t shards);
};

// What the process has one of; all outlive the exporters.
struct ExportersParts {
  telemetry::Tracing& tracing;
  MetricOutbox& outbox;
  telemetry::Recorder& recorder;  // of the shard
  telemetry::EventLog& log;
  net::Resolver& resolver;
};

class Exporters {
 public:
  Exporters(runtime::Shard& shard, ExportersParts parts, const Receivers& receivers,
            const OtlpSettings& settings, const Resource& resource);

  void start();
  // Sends what is left, as each of them says, all at the same time. After start(), once.
  runtime::Task<> stop();

 private:
  std::deque<TraceExporter> traces_;  // by lane
  std::optional<MetricExporter> metrics_;
  std::deque<LogExporter> logs_;
};

}  // namespace weir::otlp
