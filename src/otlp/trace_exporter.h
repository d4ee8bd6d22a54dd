#pragma once
// TraceExporter: sends the kept traces of the shards in its lane (lane.h) to a receiver over OTLP.
// Lives on one shard and drains the others' queues from there, every `interval`, and at once when a
// queue is half full. One request at a time; what the receiver cannot take now is tried again with
// growing pauses, what it refuses is dropped and counted. The queues are the only memory of what
// waits: when they are full, shards drop and count; nobody ever waits for the exporter. Its work is
// cut into slices, so that it does not hold up the requests of its shard.
//
//   TraceExporter exporter(shard, parts, settings);
//   exporter.start();   ...   co_await exporter.stop();

#include <memory>
#include <vector>

#include "otlp/delivery.h"
#include "otlp/lane.h"
#include "otlp/packer.h"
#include "otlp/trace_encoder.h"
#include "runtime/scope.h"
#include "telemetry/tracing.h"

namespace weir::otlp {

// What the process has one of; all but the last outlive the exporter. Whoever made `tracing` keeps
// its clock.
struct TraceExporterParts {
  telemetry::Tracing& tracing;
  telemetry::Recorder& recorder;  // of the exporter's shard
  telemetry::EventLog& log;
  net::Resolver& resolver;
  std::shared_ptr<net::OriginShare> receiver;  // of receiver_of(), for all shards
};

class TraceExporter {
 public:
  // `settings` name an endpoint for traces.
  TraceExporter(runtime::Shard& shard, TraceExporterParts parts, const OtlpSettings& settings,
                const Resource& resource, Lane lane = {});
  TraceExporter(const TraceExporter&) = delete;
  TraceExporter& operator=(const TraceExporter&) = delete;

  void start();
  // The last round begins, and with it the time that a stop has. Not awaited, so that several can
  // do so at once.
  void finish();
  // Sends what is queued, each batch once, within flush_timeout and not longer than until the
  // shard closes; then ends. What is left stays queued. After start(), once.
  runtime::Task<> stop();

 private:
  runtime::Task<> run();
  runtime::Task<> wait_for_work();
  bool half_full() const;
  runtime::Task<> drain();
  telemetry::TraceQueue& queue(size_t index) {
    return tracing_.tracer(lane_.first + static_cast<unsigned>(index) * lane_.step).queue();
  }
  // Encodes the oldest traces of all queues, without removing them.
  runtime::Task<> fill();
  runtime::Task<> fill_from(telemetry::TraceQueue& queue, telemetry::TraceQueue::Batch& batch);
  // Gives the batch's spans back to their queues.
  void settle(Delivery::Outcome outcome);
  runtime::Reactor& reactor() { return shard_.reactor(); }

  runtime::Shard& shard_;
  telemetry::Tracing& tracing_;
  OtlpSettings settings_;
  const Lane lane_;
  Delivery delivery_;
  TraceEncoder encoder_;
  Packer packer_;
  runtime::Scope scope_;
  MonoTime stop_by_{};
  runtime::WaitQueue ended_;
  runtime::Cancel wake_;                               // ends pauses; requested when it is to stop
  std::vector<telemetry::TraceQueue::Batch> batches_;  // by shard of the lane
  uint64_t batch_spans_ = 0;
  size_t first_queue_ = 0;
};

}  // namespace weir::otlp
