#pragma once
// take_in(): the body of an origin's answer on its way into the cache, in a background task: no
// client that leaves ends it. Bounded in time by edge.cache.fill.timeout.

#include "edge/cache/fill.h"
#include "edge/origin_fetch.h"

namespace weir::edge {

// How many bytes the body will have, where the head says so.
std::optional<uint64_t> length_of(const wire::ResponseHead& head);

// `fill` is published. False when it broke off.
runtime::Task<bool> take_in(EdgeShard& edge, FetchedAnswer answer, cache::Fill fill);

// The same in a task of the shard's own, which holds the generation.
void take_in_beside(EdgeShard& edge, ShardGeneration& generation, FetchedAnswer answer,
                    cache::Fill fill);

// Waits for the rest of a body that still comes, from disk for instance. What breaks off, or comes
// too late, is not waited for any longer.
runtime::Task<> until_whole(EdgeShard& edge, const cache::Object& object, runtime::Wait wait);

// Whether the shard may begin another fill; counts it when not.
bool has_room_for_fill(EdgeShard& edge, const ShardGeneration& generation);

}  // namespace weir::edge
