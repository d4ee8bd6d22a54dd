#pragma once
// Fetches for the cache that no client waits for: what was served stale, is soon to be, or was
// asked for in parts. Tasks of the shard's own, bounded like all fills.

#include "edge/cache/fill.h"
#include "edge/edge_request.h"
#include "edge/errand.h"
#include "runtime/task.h"

namespace weir::edge {

// Asks whether the object still holds, and fetches it anew if not. Does nothing while that is under
// way on any shard.
void refresh_in_background(EdgeRequest& request, const cache::Object& object);

// Fetches the whole of what the request's key names, unless somebody does so already.
void fetch_in_background(EdgeRequest& request);
// The same in the caller's task, which holds the generation.
runtime::Task<> fetch_if_missing(EdgeShard& edge, ShardGeneration& generation, Errand& errand);

// What became of a fetch.
enum class Settled : uint8_t { stored, not_storable, failed };

// The same for what is not in memory: takes it from disk where it is there, and asks an origin
// where it is not, or only whether it still holds where it is too old. Changes what `errand` asks.
runtime::Task<Settled> obtain_and_settle(EdgeShard& edge, ShardGeneration& generation,
                                         Errand& errand, cache::Fill fill);

// Fetches, judges and stores; `old`: what is stored already and is asked about. Without it only
// what stored parts lack is fetched. In a task of the shard's own; the generation is held by the
// caller.
runtime::Task<Settled> fetch_and_settle(EdgeShard& edge, ShardGeneration& generation,
                                        Errand& errand, cache::Fill fill, const cache::Object* old);

}  // namespace weir::edge
