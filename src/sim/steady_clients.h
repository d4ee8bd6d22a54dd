#pragma once
// SteadyClients: clients in a simulated world that ask for the same few small answers again and
// again, at a steady pace, and measure how long each took. Run on one shard.

#include "base/address.h"
#include "runtime/shard.h"

namespace weir::sim {

struct SteadyTally {
  uint64_t requests = 0;
  uint64_t failures = 0;  // no answer
  Duration latency_max{};
};

class SteadyClients {
 public:
  SteadyClients(const Address& service, size_t clients, Duration pause)
      : service_(service), clients_(clients), pause_(pause) {}

  // The main task of its shard, until it drains.
  runtime::Task<> run(runtime::Shard& shard);
  const SteadyTally& tally() const { return tally_; }

 private:
  runtime::Task<> one_client(runtime::Shard& shard, size_t index);
  runtime::Task<bool> ask(runtime::Shard& shard, runtime::Stream& stream, size_t number);

  const Address service_;
  const size_t clients_;
  const Duration pause_;
  SteadyTally tally_;
};

}  // namespace weir::sim
