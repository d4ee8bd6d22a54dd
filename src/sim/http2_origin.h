#pragma once
// SimHttp2Origin: an origin of HTTP/2 in a simulated world: our own server with a handler that
// answers as OriginPlans say. What there is a cut connection or garbage is a reset stream here; and
// the server's limits make it refuse streams, end connections (GOAWAY), and let bodies wait for
// windows. Runs on one shard; outlives the process that it runs in.

#include "net/http_server.h"
#include "sim/origin_plan.h"
#include "sim/origin_watch.h"

namespace weir::sim {

// How such an origin is set up; all from the seed.
struct SimHttp2Limits {
  uint32_t streams_max = 128;
  uint32_t requests_max = 256;
  uint32_t window_bytes = 64 << 10;
  Duration age_max = hours(1);

  static SimHttp2Limits draw(Random& random);
};

class SimHttp2Origin final : net::HttpHandler {
 public:
  // Accepts from `listener`, an id of the simulated network.
  SimHttp2Origin(int listener, const OriginMix& mix, const SimHttp2Limits& limits)
      : listener_(listener), mix_(mix), limits_(limits) {}

  // The main task of its shard: serves until the shard drains.
  runtime::Task<> run(runtime::Shard& shard);
  const OriginTally& tally() const { return watch_.tally; }

 private:
  runtime::Task<> handle(net::HttpExchange& exchange) override;
  void reject(net::HttpExchange& exchange, uint16_t status, const char* reason) override;
  // Whether all of it came.
  runtime::Task<bool> read_body(net::HttpExchange& exchange, const OriginAsked& request);
  runtime::Task<> answer(net::HttpExchange& exchange, const OriginAsked& request,
                         const OriginPlan& plan);

  int listener_;
  OriginMix mix_;
  SimHttp2Limits limits_;
  OriginWatch watch_;
};

}  // namespace weir::sim
