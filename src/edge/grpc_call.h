#pragma once
// What calls of gRPC are owed that pass through the edge: a call lasts as long as its client says,
// and not as long as a request may, and silence in it means nothing. Only towards an origin of
// HTTP/2, since no other one can answer a call: whoever merely says that a request is one cannot
// hold a connection of HTTP/1.1. And how a call ended, which its HTTP status does not tell.

#include "edge/edge_request.h"
#include "net/exchange.h"

namespace weir::edge {

// Sees whether the request is a call; its deadline is kept from here on.
void receive_call(EdgeRequest& request);
// `origin` is about to be asked.
void let_call_last(EdgeRequest& request, net::OriginExchange& origin);
// Whether it is a call whose time is over. Its service keeps the deadline as well, and may be the
// first to notice.
bool is_late_call(const EdgeRequest& request);
// The head of an answer, or what follows its body: in one of them a call's status comes.
void note_call_status(EdgeRequest& request, const wire::Fields& fields);
// What a span says of a call's end. What the origin's span calls a failure is any status but OK;
// the request's is one where the service, and not whoever asked, was at fault.
enum class CallSide : uint8_t { asked, answered };
void end_call(telemetry::Trace& trace, telemetry::SpanRef span, wire::GrpcCode code, CallSide side);

}  // namespace weir::edge
