#pragma once
// What calls of gRPC are owed that pass through the edge: a call lasts as long as its client says,
// and not as long as a request may, and silence in it means nothing. Only towards an origin of
// HTTP/2, since no other one can answer a call: whoever merely says that a request is one cannot
// hold a connection of HTTP/1.1.

#include "edge/edge_request.h"
#include "net/exchange.h"

namespace weir::edge {

// Sees whether the request is a call; its deadline is kept from here on.
void receive_call(EdgeRequest& request);
// `origin` is about to be asked.
void let_call_last(EdgeRequest& request, net::OriginExchange& origin);

}  // namespace weir::edge
