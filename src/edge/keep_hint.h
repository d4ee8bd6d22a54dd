#pragma once
// Keep hint: a service that answered a request asks, late, that the whole trace be kept: it has
// seen something that the services before it cannot know. The field is ours, since no standard has
// one (docs/decisions/0016-late-keep-hint.md):
//
//   Trace-Keep: ?1          a boolean item (RFC 9651); in the head, or among the trailers
//
// Believed of origins that are set to be trusted. It stays between services: clients get it only
// where they are trusted peers, and the cache stores none.

#include "edge/edge_request.h"
#include "net/exchange.h"

namespace weir::edge {

// `fields`: of the head or the trailers that `origin` has sent. Keeps `trace` where they ask for
// it.
void take_keep_hint(EdgeShard& edge, telemetry::Trace& trace, const net::OriginExchange& origin,
                    const wire::Fields& fields);
// Tells a trusted peer what an origin asked for.
void pass_on_keep_hint(EdgeRequest& request);

}  // namespace weir::edge
