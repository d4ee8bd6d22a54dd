#pragma once
// CacheWorld: the caching edge in a simulated world, before an origin whose answers change with
// time. Every answer says which version it is, so that a client can tell one that is older than the
// rules allow, one that was made for somebody else, and one that is mixed from two. Some ask for
// parts. With a tier on disk, the edge ends and begins again on the same machine, in order or after
// a loss of power. All is drawn from one seed.
//
//   /v/ID    follows from ID and the version, which changes every `period`; may be shared
//   /own/ID  asked with Authorization; follows from the secret there; may not

#include <string>
#include <vector>

#include "runtime/sim_faults.h"
#include "runtime/sim_process.h"

namespace weir::sim {

struct CacheWorldPlan {
  uint64_t seed = 0;
  runtime::SimLinkFaults client_link;
  runtime::SimLinkFaults origin_link;
  runtime::SimShardFaults shard;
  size_t shards = 2;
  size_t clients = 8;
  size_t requests = 40;  // of a client
  size_t keys = 6;
  Duration client_pause = seconds(2);
  Duration period = seconds(30);
  // What the origin names, whole seconds.
  int64_t max_age = 5;
  int64_t stale_while_revalidate = 0;
  int64_t stale_if_error = 0;
  bool must_revalidate = false;
  uint64_t body_bytes_max = 20'000;
  // Of the origin's answers, in [0, 1].
  double slow = 0;
  double cut = 0;        // ends before its length
  double error = 0;      // 503
  double hang_up = 0;    // closes instead of answering
  double false_304 = 0;  // says 304 about another tag than it was asked for
  double chunked = 0.3;
  // Of answers to who asks for a part.
  double whole_instead = 0;     // the whole
  double ignores_if_range = 0;  // a part of another version than If-Range names
  double false_range = 0;       // Content-Range lies: of its size, of the length, or another part
  bool weak = false;            // entity tags are weak: nothing may be combined
  double part = 0;              // of a client's turns: it asks for a part
  uint64_t range_bytes_max = 8 << 20;
  double purge = 0;  // of a client's turns: it changes the resource by POST
  uint64_t cache_bytes = 32 << 20;
  // Of the second tier; the edge's process is begun anew so often, with other shards each time.
  uint64_t disk_bytes = 0;
  bool disk_takes_all = true;
  runtime::SimDiskFaults disk;
  size_t lives = 1;
  double power_loss = 0;  // of a life: the disk forgets at some moment what was not synced
  // Nothing keeps the edge from noting a change in time: what was changed may never be seen again.
  bool changes_are_certain = false;

  static CacheWorldPlan draw(uint64_t seed);
  // The same with a tier on disk, which fails in ways of its own.
  static CacheWorldPlan draw_with_disk(uint64_t seed);
  // For how long past the change of a version the old one may still be seen.
  Duration grace() const;
};

struct CacheWorldOutcome {
  uint64_t requests = 0;
  uint64_t right = 0;
  uint64_t errors = 0;      // answered with one, as the edge may when the origin fails
  uint64_t unanswered = 0;  // torn or closed
  uint64_t fetched = 0;     // requests that reached the origin
  uint64_t validated = 0;   // of these: answered 304
  uint64_t from_disk = 0;   // answers that came from there
  uint64_t parts = 0;       // right answers with a part
  uint64_t assembled = 0;   // what the edge put together from parts
  uint64_t held_bytes_max = 0;
  size_t sockets_left = 0;
  size_t tasks_left = 0;
  uint64_t violations = 0;
  std::string first_violation;

  // The first thing that must never be; empty when there is none.
  std::string fault(const CacheWorldPlan& plan) const;
};

CacheWorldOutcome run(const CacheWorldPlan& plan);

}  // namespace weir::sim
