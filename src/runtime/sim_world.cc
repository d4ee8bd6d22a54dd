#include "runtime/sim_world.h"

#include <algorithm>

#include "runtime/shard.h"
#include "runtime/sim_reactor.h"

namespace weir::runtime {
namespace {

// Some day after 2025-01-01, so that dates have their usual length.
constexpr Duration first_wall_time = seconds(1'735'689'600);

}  // namespace

SimWorld::SimWorld(uint64_t seed, const SimFaults& faults)
    : schedule_(seed),
      faults_(faults.shard),
      network_(schedule_, faults.link),
      disk_faults_(faults.disk),
      wall_offset_(first_wall_time + schedule_.up_to(hours(24 * 365))) {}

void SimWorld::drive(Shard& shard, ShardGroup& group) {
  WEIR_ASSERT(shard.reactor().kind() == ReactorKind::simulated);
  for (Driven& driven : driven_) {
    if (driven.reactor != &shard.reactor()) continue;
    driven.shard = &shard;
    driven.group = &group;
  }
}

SimDisk& SimWorld::disk(const Address& host) {
  std::unique_ptr<SimDisk>& disk = disks_[host.ip()];
  if (!disk) disk = std::make_unique<SimDisk>(schedule_, disk_faults_);
  return *disk;
}

void SimWorld::stall(SimReactor& reactor, MonoTime until) {
  for (Driven& driven : driven_)
    if (driven.reactor == &reactor) driven.busy_until = std::max(driven.busy_until, until);
}

void SimWorld::leave(SimReactor& reactor) {
  WEIR_ASSERT(!driving_);
  std::erase_if(driven_, [&](const Driven& driven) { return driven.reactor == &reactor; });
}

MonoTime SimWorld::next_turn(const Driven& driven) const {
  const bool mail = driven.group && !driven.group->mail().empty(driven.shard->index());
  const bool now = mail || driven.reactor->has_work();
  const MonoTime wanted = now ? schedule_.now() : driven.reactor->timers().next();
  return std::max(wanted, driven.busy_until);
}

bool SimWorld::step(MonoTime limit) {
  MonoTime next = schedule_.next_event();
  for (const Driven& driven : driven_)
    next = std::min(next, next_turn(driven));
  if (next > limit || next == never) {
    if (limit != never) schedule_.advance(limit);
    return false;
  }
  schedule_.advance(std::max(next, schedule_.now()));
  if (Driven* due = pick_due()) give_turn(*due);
  return true;
}

// One of those whose turn it could be, drawn from the seed; nullptr when there is none.
SimWorld::Driven* SimWorld::pick_due() {
  Driven* picked = nullptr;
  uint64_t due = 0;
  for (Driven& driven : driven_)
    if (next_turn(driven) <= schedule_.now() && schedule_.random().below(++due) == 0)
      picked = &driven;
  return picked;
}

void SimWorld::give_turn(Driven& driven) {
  driven.busy_until = schedule_.now() + turn_length(driven);
  schedule_.trace(SimTrace::turn, static_cast<uint64_t>(&driven - driven_.data()));
  ++turns_;
  driving_ = true;
  // A real reactor reads the clock when it wakes, before its shard looks at the mail.
  driven.reactor->read_clock();
  if (driven.shard)
    driven.shard->turn(never);
  else
    driven.reactor->turn(never);
  driving_ = false;
}

Duration SimWorld::turn_length(Driven& driven) {
  Duration length = faults_.turn_min + schedule_.up_to(faults_.turn_spread);
  if (schedule_.chance(faults_.stall_chance)) {
    length += schedule_.up_to(faults_.stall_spread);
    schedule_.trace(SimTrace::stall, static_cast<uint64_t>(length.count()));
  }
  if (schedule_.chance(faults_.wall_jump_chance)) {
    const Duration by = schedule_.up_to(2 * faults_.wall_jump_spread) - faults_.wall_jump_spread;
    driven.reactor->jump_wall_clock(by);
    schedule_.trace(SimTrace::wall_jump, static_cast<uint64_t>(by.count()));
  }
  return length;
}

// Somebody calls turn() directly, as a real shard's loop would: wait, in virtual time.
void SimWorld::wait_for(SimReactor& reactor, MonoTime limit) {
  while (!reactor.has_work()) {
    const MonoTime next = std::min(schedule_.next_event(), reactor.timers().next());
    // A real reactor would sleep for ever.
    WEIR_ASSERT(next != never || limit != never);
    schedule_.advance(std::max(schedule_.now(), std::min(next, limit)));
    if (next > limit || reactor.timers().next() <= schedule_.now()) return;
  }
}

bool SimWorld::accept_fails() {
  if (!schedule_.chance(faults_.accept_failure_chance)) return false;
  schedule_.trace(SimTrace::accept_failed, 0);
  return true;
}

}  // namespace weir::runtime
