// The export of telemetry under whatever its receiver may do, from each seed: services keep their
// latency, the account of spans balances at every look, what is held is bounded, and the receiver
// is treated as OTLP has it.
// WEIR_SIM_SEEDS and others say which seeds (runtime/sim_seeds.h).
#include <doctest/doctest.h>

#include "runtime/sim_seeds.h"
#include "sim/export_world.h"

namespace weir::sim {
namespace {

using Kind = ReceiverMood::Kind;

ExportWorldPlan plan_with(ReceiverMood mood, otlp::Protocol protocol) {
  ExportWorldPlan plan{.seed = 7, .protocol = protocol};
  plan.phases = {{.length = seconds(10), .mood = {}}, {.length = seconds(40), .mood = mood}};
  plan.elapsed_max = seconds(20);
  plan.queue_spans_max = 2000;
  return plan;
}

uint64_t losses(const ExportWorldOutcome& outcome) {
  return outcome.spans.dropped[static_cast<size_t>(telemetry::DropReason::export_failed)] +
         outcome.spans.dropped[static_cast<size_t>(telemetry::DropReason::queue_full)];
}

}  // namespace

TEST_CASE("a receiver that takes everything gets everything, once") {
  for (const auto protocol : {otlp::Protocol::http_protobuf, otlp::Protocol::grpc}) {
    const ExportWorldPlan plan = plan_with({}, protocol);
    const ExportWorldOutcome outcome = run(plan);
    CHECK(outcome.fault(plan) == "");
    CHECK(outcome.spans.exported > 3000);
    CHECK(losses(outcome) == 0);
    CHECK(outcome.receiver.repeated == 0);
  }
}

TEST_CASE("each status of HTTP is repeated or given up as OTLP has it, with Retry-After or not") {
  for (uint16_t status = 300; status < 600; ++status) {
    if (status > 308 && status < 400) continue;
    for (const Duration asked : {seconds(0), seconds(3)}) {
      CAPTURE(status);
      CAPTURE(asked.count());
      const bool again = status == 429 || status == 502 || status == 503 || status == 504;
      // One would do for all that is given up; these are the ones that are in use.
      if (!again && status > 431 && status != 500 && status != 501 && status != 507) continue;
      // Whether the receiver names a time matters to what is sent again.
      if (!again && (asked > Duration(0)) != (status % 2 == 0)) continue;
      const ExportWorldPlan plan = plan_with(
          {.kind = Kind::refuses, .status = status, .asked = asked}, otlp::Protocol::http_protobuf);
      const ExportWorldOutcome outcome = run(plan);
      CHECK(outcome.fault(plan) == "");
      CHECK((outcome.receiver.repeated > 0) == again);
      CHECK((outcome.receiver.refused > 0) == !again);
      CHECK(losses(outcome) > 0);
    }
  }
}

TEST_CASE("each code of gRPC is repeated or given up as OTLP has it, with RetryInfo or not") {
  for (uint8_t code = 1; code <= 16; ++code) {
    for (const Duration asked : {seconds(0), seconds(3)}) {
      CAPTURE(code);
      CAPTURE(asked.count());
      const ExportWorldPlan plan = plan_with(
          {.kind = Kind::refuses, .code = static_cast<wire::GrpcCode>(code), .asked = asked},
          otlp::Protocol::grpc);
      const ExportWorldOutcome outcome = run(plan);
      CHECK(outcome.fault(plan) == "");
      const bool exhausted = code == 8;
      const bool again = code == 1 || code == 4 || code == 10 || code == 11 || code == 14 ||
                         code == 15 || (exhausted && asked > Duration(0));
      CHECK((outcome.receiver.repeated > 0) == again);
      CHECK((outcome.receiver.refused > 0) == !again);
      CHECK(losses(outcome) > 0);
    }
  }
}

TEST_CASE("a part that is rejected is counted, and never sent again") {
  for (const auto protocol : {otlp::Protocol::http_protobuf, otlp::Protocol::grpc}) {
    const ExportWorldPlan plan = plan_with({.kind = Kind::takes_part}, protocol);
    const ExportWorldOutcome outcome = run(plan);
    CHECK(outcome.fault(plan) == "");
    CHECK(outcome.receiver.repeated == 0);
    CHECK(losses(outcome) > 300);
  }
}

TEST_CASE(
    "a receiver that is away, slow or silent costs what does not fit, and no request its time") {
  for (const auto protocol : {otlp::Protocol::http_protobuf, otlp::Protocol::grpc}) {
    for (const Kind kind : {Kind::slow, Kind::silent, Kind::hangs_up}) {
      ExportWorldPlan plan = plan_with({.kind = kind, .pause = seconds(4)}, protocol);
      const ExportWorldOutcome outcome = run(plan);
      CHECK(outcome.fault(plan) == "");
      CHECK(outcome.spans.exported > 1500);
      plan.phases[1].away = true;
      const ExportWorldOutcome away = run(plan);
      CHECK(away.fault(plan) == "");
      CHECK(losses(away) > 0);
    }
  }
}

TEST_CASE(
    "whatever a receiver does, spans balance, requests keep their time and memory is bounded") {
  const auto [first, count] = runtime::SimSeeds::of(300);
  uint64_t lost = 0, repeated = 0, exported = 0, created = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const ExportWorldPlan plan = ExportWorldPlan::draw(seed);
    const ExportWorldOutcome outcome = run(plan);
    INFO("replay with WEIR_SIM_SEED=", seed);
    CHECK(outcome.fault(plan) == "");
    lost += losses(outcome);
    repeated += outcome.receiver.repeated;
    exported += outcome.spans.exported;
    created += outcome.spans.created;
  }
  if (count < 100) return;
  // The mixtures must do harm, and not only that.
  CHECK(lost > created / 100);
  CHECK(repeated > count);
  CHECK(exported > created / 3);
}

// Not byte by byte: among the metrics that are sent is CPU time, which is real.
TEST_CASE("a seed plays the export the same way every time") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    const ExportWorldPlan plan = ExportWorldPlan::draw(seed);
    const ExportWorldOutcome one = run(plan), other = run(plan);
    CHECK(one.requests == other.requests);
    CHECK(one.latency_max == other.latency_max);
    CHECK(one.spans.created == other.spans.created);
    CHECK(one.spans.exported == other.spans.exported);
    CHECK(one.spans.dropped == other.spans.dropped);
    CHECK(one.receiver.requests == other.receiver.requests);
    CHECK(one.receiver.repeated == other.receiver.repeated);
  }
}

}  // namespace weir::sim
