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
// Asks an origin, again where that is safe, and delivers what it answers.
runtime::Task<> fetch(EdgeRequest& request);
// Metrics, spans, access log.
void record(EdgeRequest& request);

}  // namespace weir::edge
