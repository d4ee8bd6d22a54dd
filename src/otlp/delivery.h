#pragma once
// Delivery: sends requests of one signal to its receiver and says what became of them. What the
// receiver cannot take now is tried again with growing pauses; what it refuses, or takes in part,
// is not. Counts items and says on the event log when the receiver fails and when it is back. On
// one shard, one request at a time.

#include <memory>
#include <string>

#include "otlp/backoff.h"
#include "otlp/export_metrics.h"
#include "otlp/transport.h"
#include "telemetry/event_log.h"

namespace weir::otlp {

// What the process has one of; all but the last outlive whoever delivers.
struct DeliveryParts {
  telemetry::Recorder& recorder;  // of the shard
  telemetry::EventLog& log;
  net::Resolver& resolver;
  net::OriginSharePtr receiver;  // of receiver_of(), for all shards
};

// What a request consists of, for people and for the count of those whose export has ended.
struct DeliveredSignal {
  Signal signal;
  std::string_view items;  // "metrics"
  const telemetry::CounterDecl& exported;
  const telemetry::UpDownCounterDecl& inflight;
};

class Delivery {
 public:
  // `settings` name an endpoint for the signal. `resource` gives the version.
  Delivery(runtime::Shard& shard, DeliveryParts parts, const OtlpSettings& settings,
           std::string_view version, DeliveredSignal signal);
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  struct Outcome {
    bool delivered = false;
    uint64_t rejected = 0;  // of a delivered request
  };
  // Ends early when `cancel` is requested; when `last` is, the attempt under way is the last.
  runtime::Task<Outcome> send(Message message, uint64_t items, runtime::Cancel& last,
                              runtime::Cancel& cancel);
  runtime::Task<> stop() { return transport_->stop(); }

 private:
  runtime::Task<Outcome> repeat(Message message, uint64_t items, runtime::Cancel& last,
                                runtime::Cancel& cancel);
  // One attempt; nothing when it is to be repeated after `pause`.
  runtime::Task<std::optional<Outcome>> attempt(Message message, uint64_t items,
                                                runtime::Cancel& cancel, Duration& pause);
  std::optional<Outcome> judge(const Reply& reply, uint64_t items, Duration& pause);
  Outcome took(const Reply& reply, uint64_t items);
  void report(std::string_view what, std::string_view why, std::string_view detail);
  runtime::Reactor& reactor() { return shard_.reactor(); }

  runtime::Shard& shard_;
  telemetry::EventLog& log_;
  OtlpSettings settings_;
  std::string_view items_;
  std::unique_ptr<Transport> transport_;
  telemetry::Family<telemetry::Counter> exported_;
  telemetry::UpDownCounter inflight_;
  telemetry::Family<telemetry::Histogram> duration_;
  telemetry::Counter retries_;
  telemetry::Counter bytes_;
  std::string failure_;  // why the last attempt failed; empty when it did not
};

}  // namespace weir::otlp
