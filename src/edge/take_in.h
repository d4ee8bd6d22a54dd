#pragma once
// take_in(): the body of an origin's answer on its way into the cache, in a background task: no
// client that leaves ends it. Bounded in time by edge.cache.fill.timeout.

#include "edge/cache/fill.h"
#include "edge/errand.h"
#include "edge/origin_fetch.h"

namespace weir::edge {

// How many bytes the body will have, where the head says so.
std::optional<uint64_t> length_of(const wire::ResponseHead& head);

// `fill` is published. False when it broke off.
runtime::Task<bool> take_in(EdgeShard& edge, FetchedAnswer answer, cache::Fill fill);

// The same in a task of the shard's own, which holds the generation. Behind a part, `then` fetches
// the whole.
void take_in_beside(EdgeShard& edge, ShardGeneration& generation, FetchedAnswer answer,
                    cache::Fill fill, std::optional<Errand> then = std::nullopt);

// The rest of a body into a fill, which is not ended by that. Errors: invalid (there are more than
// `most` bytes, none of which is shown to readers; or fewer than `least`), closed (nobody reads
// it).
struct BodyBounds {
  uint64_t least = 0;
  uint64_t most = UINT64_MAX;
  // It ends soon after the last client has left, as a large part does: otherwise a few bytes of a
  // request, for one part after the other, would have an origin send nearly the whole each time.
  bool only_for_readers = false;
};
bool is_only_for_readers(EdgeShard& edge, const cache::Object& object);
runtime::Task<Result<>> append_body(net::OriginExchange& origin, cache::Fill& fill,
                                    BodyBounds bounds, runtime::Wait wait);
// What follows when a fill has ended: an error ends it for its readers as well.
void end_of_fill(EdgeShard& edge, const cache::Object& object, const Result<>& done,
                 cache::Fill& fill);

// Waits for the rest of a body that still comes, from disk for instance. What breaks off, or comes
// too late, is not waited for any longer.
runtime::Task<> until_whole(EdgeShard& edge, const cache::Object& object, runtime::Wait wait);

// Whether the shard may begin another fill; counts it when not.
bool has_room_for_fill(EdgeShard& edge, const ShardGeneration& generation);

}  // namespace weir::edge
