#pragma once
// SimProcess: what Threads is for real cores: the shards of one process, in a simulated world. Must
// end before its world does.

#include <functional>

#include "runtime/shard.h"
#include "runtime/sim_reactor.h"

namespace weir::runtime {

class SimProcess {
 public:
  // What a shard does; it lives until the shard has drained.
  using Main = std::function<Task<>(Shard&)>;

  // Starts `main` on every shard at once. `host` is the machine that connects come from.
  SimProcess(SimWorld& world, const Address& host, size_t shards, Main main);
  // Stops what still runs.
  ~SimProcess();

  ShardGroup& shards() { return group_; }
  SimReactor& reactor(size_t index);
  // Phase one: every shard's `draining` is requested. Phase two: `closing`.
  void drain();
  void close();
  // Whether every shard's main and background tasks have ended.
  bool ended();
  // Gives turns to the world until ended(), or `limit` from now has passed; answers ended().
  bool join(Duration limit);

 private:
  SimWorld& world_;
  Main main_;
  ShardGroup group_;
};

}  // namespace weir::runtime
