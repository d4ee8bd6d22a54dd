#pragma once
// ExportWorld: an edge that exports to a receiver in every mood, in a simulated world, all drawn
// from one seed: over HTTP or gRPC, the receiver changes its mood every few seconds, is away,
// flaps, and the wall clock jumps. run() plays it to its end and looks at the edge every second.

#include <string>
#include <vector>

#include "otlp/otlp_settings.h"
#include "sim/scripted_receiver.h"
#include "telemetry/span_account.h"

namespace weir::sim {

struct ExportWorldPlan {
  struct Phase {
    Duration length{};
    bool away = false;  // nobody listens
    ReceiverMood mood;
  };

  uint64_t seed = 0;
  otlp::Protocol protocol = otlp::Protocol::http_protobuf;
  std::vector<Phase> phases;
  Duration calm = seconds(40);  // at the end, in which the receiver takes everything
  double sampling_rate = 1;
  uint32_t queue_spans_max = 500;
  uint32_t batch_spans_max = 100;
  Duration elapsed_max = seconds(30);  // of retries
  bool wall_jumps = false;

  static ExportWorldPlan draw(uint64_t seed);
};

struct ExportWorldOutcome {
  uint64_t requests = 0;  // of clients
  Duration latency_max{};
  uint64_t unaccounted = 0;     // looks at which the balance was wrong
  uint64_t queued_max = 0;      // spans
  uint64_t held_bytes_max = 0;  // in the network
  telemetry::SpanAccount spans;
  ReceiverTally receiver;
  size_t sockets_left = 0;
  size_t tasks_left = 0;

  // The first thing that must never be; empty when there is none.
  std::string fault(const ExportWorldPlan& plan) const;
};

ExportWorldOutcome run(const ExportWorldPlan& plan);

}  // namespace weir::sim
