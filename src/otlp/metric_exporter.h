#pragma once
// MetricExporter: sends what a MetricCollector has laid into the outbox, over OTLP. Lives on one
// shard; one request at a time. What cannot be delivered is dropped and counted: the next
// collection has all of it.
//
//   MetricExporter exporter(shard, outbox, parts, settings, resource);
//   exporter.start();   ...   co_await exporter.stop();

#include "otlp/delivery.h"
#include "otlp/metric_outbox.h"
#include "runtime/scope.h"

namespace weir::otlp {

class MetricExporter {
 public:
  // `settings` name an endpoint for metrics. `outbox` outlives it.
  MetricExporter(runtime::Shard& shard, MetricOutbox& outbox, DeliveryParts parts,
                 const OtlpSettings& settings, const Resource& resource);
  MetricExporter(const MetricExporter&) = delete;
  MetricExporter& operator=(const MetricExporter&) = delete;

  void start();
  // The last round begins, and with it the time that a stop has. Not awaited, so that several can
  // do so at once.
  void finish();
  // Sends what is there, each request once, within flush_timeout and not longer than until the
  // shard closes; then ends. After start(), once.
  runtime::Task<> stop();

 private:
  runtime::Task<> run();
  runtime::Task<> send_waiting();

  runtime::Shard& shard_;
  MetricOutbox& outbox_;
  const Compression compression_;
  const Duration flush_timeout_;
  Delivery delivery_;
  runtime::Scope scope_;
  MonoTime stop_by_{};
  runtime::WaitQueue ended_;
  runtime::Cancel last_;  // ends pauses; requested when it is to stop
};

}  // namespace weir::otlp
