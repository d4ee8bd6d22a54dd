#pragma once
// LogExporter: sends the log events of all shards to a receiver over OTLP. Lives on one shard
// and drains every shard's ring from there, every `interval`, and at once when one is half full.
// One request at a time, of one shard's records. When the rings are full, shards drop and count;
// nobody ever waits for the exporter.
//
//   LogExporter exporter(shard, tracing, parts, settings, resource);
//   exporter.start();   ...   co_await exporter.stop();

#include "otlp/delivery.h"
#include "otlp/log_encoder.h"
#include "otlp/packer.h"
#include "runtime/scope.h"

namespace weir::otlp {

class LogExporter {
 public:
  // `settings` name an endpoint for logs. `tracing` outlives it.
  LogExporter(runtime::Shard& shard, telemetry::Tracing& tracing, DeliveryParts parts,
              const OtlpSettings& settings, const Resource& resource);
  LogExporter(const LogExporter&) = delete;
  LogExporter& operator=(const LogExporter&) = delete;

  void start();
  // Sends what is there, each request once, within flush_timeout and not longer than until the
  // shard closes; then ends. What is left stays where it is. After start(), once.
  runtime::Task<> stop();

 private:
  runtime::Task<> run();
  runtime::Task<> wait_for_work();
  bool half_full() const;
  runtime::Task<> drain(telemetry::LogEvents& events);
  // Encodes the oldest records; how many.
  runtime::Task<uint64_t> fill(telemetry::LogEvents& events);

  runtime::Shard& shard_;
  telemetry::Tracing& tracing_;
  const OtlpSettings settings_;
  Delivery delivery_;
  LogEncoder encoder_;
  Packer packer_;
  telemetry::LogEvents::Batch batch_;
  runtime::Scope scope_;
  runtime::WaitQueue ended_;
  runtime::Cancel last_;  // ends pauses; requested when it is to stop
};

}  // namespace weir::otlp
