#pragma once
// How a purge runs: asked of every partition that may hold something of it, there in slices. Each
// step finds what it removes by itself: a key in the index, a prefix in the order of keys, a tag in
// the tag index; so that the cost follows what is removed, not what is stored.

#include "edge/cache/purge.h"
#include "edge/cache/shard_store.h"

namespace weir::edge::cache {

runtime::Task<Result<uint64_t>> purge_everywhere(ShardStore& from, PurgeRequest request,
                                                 runtime::Wait wait);

}  // namespace weir::edge::cache
