#pragma once
// ScriptedOrigin: an HTTP/1.1 origin in a simulated world that answers as OriginPlans say. What it
// is asked must be well-formed, and what OriginWatch says. Runs on one shard; outlives the process
// that it runs in.

#include "runtime/shard.h"
#include "sim/message_reader.h"
#include "sim/origin_plan.h"
#include "sim/origin_watch.h"

namespace weir::sim {

class ScriptedOrigin {
 public:
  // Accepts from `listener`, an id of the simulated network.
  ScriptedOrigin(int listener, const OriginMix& mix) : listener_(listener), mix_(mix) {}

  // The main task of its shard: serves until the shard drains.
  runtime::Task<> run(runtime::Shard& shard);
  const OriginTally& tally() const { return watch_.tally; }

 private:
  struct Connection;

  runtime::Task<> serve(runtime::Shard& shard, runtime::StreamPtr stream);
  // False when the connection is done.
  runtime::Task<bool> exchange(Connection& connection);
  runtime::Task<Result<OriginAsked>> read_request(Connection& connection);
  runtime::Task<bool> read_body(Connection& connection, const OriginAsked& request);
  runtime::Task<bool> answer(Connection& connection, const OriginAsked& request,
                             const OriginPlan& plan);

  int listener_;
  OriginMix mix_;
  OriginWatch watch_;
};

}  // namespace weir::sim
