#pragma once
// EdgeWorld: a whole proxy in a simulated world: clients, the real edge on two shards, and two
// origins behind it, all drawn from one seed. run() plays it to its end and answers what became of
// it.

#include <optional>

#include "runtime/sim_faults.h"
#include "sim/http2_origin.h"
#include "sim/scripted_client.h"
#include "sim/scripted_origin.h"

namespace weir::sim {

// What a world is made of; draw() takes all of it from a seed.
struct EdgeWorldPlan {
  uint64_t seed = 0;
  runtime::SimLinkFaults client_link;
  runtime::SimLinkFaults origin_link;
  runtime::SimShardFaults shard;
  ClientMix clients;
  OriginMix origin;
  // The origins speak HTTP/2, with these limits, and nothing else.
  std::optional<SimHttp2Limits> http2;
  // The edge drains in the middle of it.
  bool stops_early = false;
  // Limits of the edge; every request ends within the first.
  Duration request_timeout = seconds(60);
  uint32_t connections_max = 1024;         // of clients
  uint32_t origin_connections_max = 1024;  // to one origin

  static EdgeWorldPlan draw(uint64_t seed);
  // The same with origins of HTTP/2.
  static EdgeWorldPlan draw_http2(uint64_t seed);
};

struct EdgeWorldOutcome {
  ClientTally clients;
  OriginTally origins[2];
  uint64_t trace_hash = 0;
  uint64_t turns = 0;
  size_t sockets_left = 0;
  size_t tasks_left = 0;  // processes that did not end

  // The first thing that must never be; empty when there is none.
  std::string fault() const;
};

EdgeWorldOutcome run(const EdgeWorldPlan& plan);

}  // namespace weir::sim
