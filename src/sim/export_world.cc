#include "sim/export_world.h"

#include <algorithm>

#include "sim/simulated_edge.h"
#include "sim/steady_clients.h"

namespace weir::sim {
namespace {

using runtime::Shard;
using runtime::SimProcess;
using runtime::SimWorld;

const Address edge_address = *Address::parse("10.0.0.1:80");
const Address client_host = *Address::parse("10.0.0.2:0");
const Address receiver_address = *Address::parse("10.0.1.1:4318");
const Address nobody = *Address::parse("10.0.1.2:8000");
constexpr size_t shards = 2;
constexpr size_t clients = 4;
constexpr Duration pause = milliseconds(100);
constexpr Duration timeout = seconds(5);  // of an attempt to export
constexpr Duration drain_limit = minutes(2);
// What a request may take on links of 20 to 120 us, whatever becomes of what was recorded of it.
constexpr Duration latency_limit = milliseconds(20);
constexpr uint64_t held_bytes_limit = 4 << 20;

otlp::OtlpSettings export_settings(const ExportWorldPlan& plan) {
  otlp::OtlpSettings settings = settings::defaults(otlp::otlp_settings());
  settings.endpoint = "http://" + receiver_address.to_string();
  settings.protocol = plan.protocol;
  settings.interval = seconds(1);
  settings.metrics_interval = seconds(5);
  settings.timeout = timeout;
  settings.batch_spans_max = plan.batch_spans_max;
  settings.batch_bytes_max = 64 << 10;
  settings.retry.max = seconds(10);
  settings.retry.elapsed_max = plan.elapsed_max;
  return settings;
}

SimulatedEdgeOptions edge_options(const ExportWorldPlan& plan) {
  SimulatedEdgeOptions options{.address = edge_address};
  options.origin_urls = {"http://" + nobody.to_string()};
  options.shards = shards;
  options.telemetry.sampling.rate = plan.sampling_rate;
  // Its cost is real CPU time, and the clock is not: nothing is to be shed by chance.
  options.telemetry.cpu_share_max = 1;
  options.telemetry.queue_spans_max = plan.queue_spans_max;
  options.telemetry.flight_recorder_bytes = 64 << 10;
  options.telemetry.logs_ring_bytes = 16 << 10;
  options.exports = export_settings(plan);
  return options;
}

// One run, second by second.
class ExportWorld {
 public:
  explicit ExportWorld(const ExportWorldPlan& plan)
      : plan_(plan),
        world_(plan.seed),
        receiver_({.bytes_max = 64 << 10, .timeout = export_settings(plan).timeout}),
        asking_(edge_address, clients, pause) {}

  ExportWorldOutcome play() {
    const int listener = *world_.network().open_listener(receiver_address);
    {
      SimProcess receiving(world_, receiver_address, 1,
                           [&](Shard& shard) { return receiver_.run(shard, listener); });
      SimulatedEdge edge(world_, edge_options(plan_));
      SimProcess asking(world_, client_host, 1, [&](Shard& shard) { return asking_.run(shard); });
      for (const ExportWorldPlan::Phase& phase : plan_.phases) {
        enter(phase);
        pass(edge, phase.length);
      }
      enter({});
      pass(edge, plan_.calm);
      end(asking, edge);
      receiving.drain();
      outcome_.tasks_left += !receiving.join(drain_limit);
    }
    outcome_.requests = asking_.tally().requests;
    outcome_.latency_max = asking_.tally().failures == 0 ? asking_.tally().latency_max : hours(1);
    outcome_.receiver = receiver_.tally();
    outcome_.sockets_left = world_.network().sockets();
    return outcome_;
  }

 private:
  // Who is away refuses new connections, and hangs up on those that there are.
  void enter(const ExportWorldPlan::Phase& phase) {
    runtime::SimLinkFaults link;
    if (phase.away) link.refuse_chance = 1;
    world_.network().set_faults(receiver_address, link);
    ReceiverMood mood = phase.mood;
    if (phase.away) mood.kind = ReceiverMood::Kind::hangs_up;
    receiver_.use(mood);
  }

  void pass(SimulatedEdge& edge, Duration length) {
    const MonoTime end = world_.now() + length;
    while (world_.now() < end) {
      world_.run_until(std::min(end, world_.now() + seconds(1)));
      if (plan_.wall_jumps && world_.random().below(5) == 0)
        wall_jump_ += hours(static_cast<int64_t>(world_.random().below(48)) - 24);
      edge.tick(WallTime(world_.now().time_since_epoch() + world_.wall_offset() + wall_jump_));
      look(edge);
    }
  }

  void look(SimulatedEdge& edge) {
    outcome_.spans = edge.tracing().account();
    outcome_.unaccounted += outcome_.spans.unaccounted() != 0;
    outcome_.queued_max = std::max(outcome_.queued_max, outcome_.spans.queued);
    outcome_.held_bytes_max =
        std::max<uint64_t>(outcome_.held_bytes_max, world_.network().held_bytes());
  }

  void end(SimProcess& asking, SimulatedEdge& edge) {
    asking.drain();
    outcome_.tasks_left += !asking.join(drain_limit);
    edge.drain(drain_limit);
    outcome_.tasks_left += !edge.process().join(drain_limit);
    look(edge);
  }

  const ExportWorldPlan& plan_;
  SimWorld world_;
  ScriptedReceiver receiver_;
  SteadyClients asking_;
  ExportWorldOutcome outcome_;
  Duration wall_jump_{};
};

}  // namespace

ExportWorldPlan ExportWorldPlan::draw(uint64_t seed) {
  Random random(seed);
  ExportWorldPlan plan{.seed = seed};
  plan.protocol = random.below(2) == 0 ? otlp::Protocol::grpc : otlp::Protocol::http_protobuf;
  // Now and then it flaps.
  const Duration longest = random.below(4) == 0 ? seconds(1) : seconds(20);
  const size_t phases = 2 + random.below(8);
  for (size_t i = 0; i < phases; ++i)
    plan.phases.push_back(
        {.length =
             milliseconds(100 + random.below(static_cast<uint64_t>(longest / milliseconds(1)))),
         .away = random.below(4) == 0,
         .mood = ReceiverMood::draw(random)});
  // An answer just when its sender gives up: nobody could say which of the two came first.
  for (Phase& phase : plan.phases)
    if (abs(phase.mood.pause - timeout) < milliseconds(500)) phase.mood.pause = timeout * 2;
  plan.sampling_rate = random.below(3) == 0 ? 0.1 : 1;
  plan.queue_spans_max = 100 + static_cast<uint32_t>(random.below(2000));
  plan.batch_spans_max = 8 + static_cast<uint32_t>(random.below(300));
  plan.elapsed_max = seconds(random.below(60));
  plan.wall_jumps = random.below(2) == 0;
  return plan;
}

std::string ExportWorldOutcome::fault(const ExportWorldPlan& plan) const {
  if (receiver.violations > 0) return "receiver: " + receiver.first_violation;
  if (unaccounted > 0) return "the balance of spans was wrong";
  if (latency_max > latency_limit)
    return "a request took " + std::to_string(latency_max / microseconds(1)) + " us";
  // Each shard has its part, rounded up.
  if (queued_max > plan.queue_spans_max + shards)
    return std::to_string(queued_max) + " spans were queued";
  if (held_bytes_max > held_bytes_limit)
    return std::to_string(held_bytes_max) + " bytes were held by the network";
  if (spans.open > 0 || spans.queued > 0) return "spans were left behind";
  if (spans.exported != receiver.spans_taken)
    return std::to_string(spans.exported) + " spans count as exported, the receiver has taken " +
           std::to_string(receiver.spans_taken);
  if (tasks_left > 0) return "a process did not end";
  if (sockets_left > 0) return std::to_string(sockets_left) + " sockets were never closed";
  return {};
}

ExportWorldOutcome run(const ExportWorldPlan& plan) {
  return ExportWorld(plan).play();
}

}  // namespace weir::sim
