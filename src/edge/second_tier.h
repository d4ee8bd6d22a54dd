#pragma once
// The second tier as the steps of a request see it: what was about to be asked of an origin is
// looked for on disk first, and what leaves memory is offered to it. Nothing here is on the way of
// a hit.

#include <optional>
#include <string>

#include "edge/cache/fill.h"
#include "edge/edge_shard.h"

namespace weir::edge {

// Opens it, and offers it what is evicted from now on.
void start_second_tier(EdgeShard& edge);
// Offers what was hit and would be gone with the process, and lets go of the files. Bounded in
// time.
runtime::Task<> stop_second_tier(EdgeShard& edge);

// What is stored there under `key`, fits the request and is fresh comes back into memory through
// `fill`, which is then used up. nullopt: nothing; ask the origin.
runtime::Task<std::optional<cache::ObjectRef>> take_from_disk(EdgeRequest& request,
                                                              const std::string& key,
                                                              cache::Fill& fill);

// A whole object, to be written if there is room.
void offer_to_disk(EdgeShard& edge, const cache::Object& object);

}  // namespace weir::edge
