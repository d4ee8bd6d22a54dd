#pragma once
// LogExporter: sends the log events of the shards in its lane (lane.h) to a receiver over OTLP, and
// that of the first lane the lines of the log as well. Lives on one shard and drains the others'
// rings from there, every `interval`, and at once when one is half full. One request at a time, of
// one shard's records. When the rings are full, shards drop and count; nobody ever waits for the
// exporter.
//
//   LogExporter exporter(shard, tracing, parts, settings, resource);
//   exporter.start();   ...   co_await exporter.stop();

#include "otlp/delivery.h"
#include "otlp/lane.h"
#include "otlp/log_encoder.h"
#include "otlp/packer.h"
#include "runtime/scope.h"

namespace weir::otlp {

class LogExporter {
 public:
  // `settings` name an endpoint for logs. `tracing` outlives it.
  LogExporter(runtime::Shard& shard, telemetry::Tracing& tracing, DeliveryParts parts,
              const OtlpSettings& settings, const Resource& resource, Lane lane = {});
  LogExporter(const LogExporter&) = delete;
  LogExporter& operator=(const LogExporter&) = delete;

  void start();
  // The last round begins, and with it the time that a stop has. Not awaited, so that several can
  // do so at once.
  void finish();
  // Sends what is there, each request once, within flush_timeout and not longer than until the
  // shard closes; then ends. What is left stays where it is. After start(), once.
  runtime::Task<> stop();

 private:
  runtime::Task<> run();
  runtime::Task<> wait_for_work();
  bool half_full() const;
  // Of a shard's LogEvents, or the EventOutbox.
  template <class Source>
  runtime::Task<> drain(Source& source, typename Source::Batch& batch);
  // Encodes the oldest records; how many.
  template <class Source>
  runtime::Task<uint64_t> fill(Source& source, typename Source::Batch& batch);

  runtime::Shard& shard_;
  telemetry::Tracing& tracing_;
  const OtlpSettings settings_;
  const Lane lane_;
  Delivery delivery_;
  LogEncoder encoder_;
  Packer packer_;
  telemetry::LogEvents::Batch events_;
  telemetry::EventOutbox::Batch lines_;
  runtime::Scope scope_;
  MonoTime stop_by_{};
  runtime::WaitQueue ended_;
  runtime::Cancel last_;  // ends pauses; requested when it is to stop
};

}  // namespace weir::otlp
