#pragma once
// The steps of a request, in order. EdgeShard::handle() calls them.

#include "edge/edge_request.h"
#include "runtime/task.h"

namespace weir::edge {

// Who asks, under which id; health paths are answered, whatever the host.
void receive(EdgeRequest& request);
// A request that could not be read: it is answered and recorded all the same.
void receive_malformed(EdgeRequest& request, uint16_t status, const char* reason);
// Which site it is for, and what the site says about it before any origin is asked: fixed answers,
// redirects, rewrites, preflights, limits.
void normalise(EdgeRequest& request);
// What the cache has for it: answers at once from what is small and fresh, otherwise decides the
// way on: request.cache.way.
void lookup(EdgeRequest& request);
// What is stored for the request now, fresh or not; nullptr: nothing. Good until the coroutine
// suspends.
const cache::Object* find_stored(EdgeRequest& request);
// The step lookup once more, after a wait.
void look_again(EdgeRequest& request);
// Goes that way: from the cache, with others who want the same, or past it.
runtime::Task<> obtain(EdgeRequest& request);
// Asks an origin, again where that is safe, and delivers what it answers.
runtime::Task<> fetch(EdgeRequest& request);
// Metrics, spans, access log.
void record(EdgeRequest& request);

}  // namespace weir::edge
