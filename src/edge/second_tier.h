#pragma once
// The second tier as the steps of a request see it: what was about to be asked of an origin is
// looked for on disk first, and what leaves memory is offered to it. Nothing here is on the way of
// a hit.

#include <optional>
#include <string>

#include "edge/cache/fill.h"
#include "edge/edge_shard.h"
#include "wire/http_fields.h"

namespace weir::edge {

// Opens it, and offers it what is evicted from now on.
void start_second_tier(EdgeShard& edge);
// Offers what was hit and would be gone with the process, and lets go of the files. Bounded in
// time.
runtime::Task<> stop_second_tier(EdgeShard& edge);

// What is looked for there.
struct DiskWish {
  const std::string& key;
  uint64_t key_hash;
  const wire::Fields& fields;  // of the request, by which variants are told apart
};

// What is stored there and can be of use, fresh or stale, comes back into memory through `fill`,
// which is then used up; from then on every shard finds it, and it is like anything that is stored.
// nullopt: nothing; ask the origin.
runtime::Task<std::optional<cache::ObjectRef>> take_from_disk(EdgeShard& edge, DiskWish wish,
                                                              cache::Fill& fill,
                                                              runtime::Wait wait);
// The same for a request, once in its life. True: look again at what is stored.
runtime::Task<bool> take_from_disk(EdgeRequest& request, cache::Fill& fill);
// Whether that may still help.
bool may_be_on_disk(const EdgeRequest& request);

// Removes from both tiers, or makes stale there; answers how many were in memory. In force on all
// shards when it answers; errors: those of either tier, each of which has been tried. The disk may
// take half of the time, so that memory, which comes behind it, has the other half whatever the
// disk does.
runtime::Task<Result<uint64_t>> purge_tiers(EdgeShard& edge, cache::PurgeRequest request,
                                            runtime::Wait wait);

// A whole object, to be written if there is room.
void offer_to_disk(EdgeShard& edge, const cache::Object& object);

}  // namespace weir::edge
