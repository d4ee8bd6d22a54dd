#include "runtime/sim_process.h"

#include <numeric>

namespace weir::runtime {
namespace {

// Longer than any bound of a wait that a closing service may have left.
constexpr Duration stop_limit = hours(24);

std::vector<int> one_core_each(size_t shards) {
  std::vector<int> cores(shards);
  std::iota(cores.begin(), cores.end(), 0);
  return cores;
}

}  // namespace

SimProcess::SimProcess(SimWorld& world, const Address& host, size_t shards, Main main)
    : world_(world), main_(std::move(main)), group_(shards, one_core_each(shards)) {
  for (size_t i = 0; i < shards; ++i) {
    group_.put(i, std::make_unique<Shard>(i, std::make_unique<SimReactor>(world, host), group_));
    world.drive(group_.at(i), group_);
  }
  for (size_t i = 0; i < shards; ++i)
    group_.at(i).background().spawn(main_(group_.at(i)));
}

SimProcess::~SimProcess() {
  close();
  WEIR_ASSERT(join(stop_limit));
}

SimReactor& SimProcess::reactor(size_t index) {
  return static_cast<SimReactor&>(group_.at(index).reactor());
}

void SimProcess::drain() {
  for (size_t i = 0; i < group_.size(); ++i)
    group_.post(i, [&shard = group_.at(i)] { shard.draining().request(); });
}

void SimProcess::close() {
  for (size_t i = 0; i < group_.size(); ++i) {
    group_.post(i, [&shard = group_.at(i)] {
      shard.draining().request();
      shard.closing().request();
    });
  }
}

bool SimProcess::ended() {
  for (size_t i = 0; i < group_.size(); ++i)
    if (group_.at(i).background().running() > 0) return false;
  return true;
}

bool SimProcess::join(Duration limit) {
  return world_.run_while([this] { return !ended(); }, after(world_.now(), limit));
}

}  // namespace weir::runtime
