#pragma once
// An answer to POST that says of itself that it is what a GET of the same address would give now
// (200, Content-Location of the request's own URL, a lifetime; RFC 9110 9.3.3): it is stored for
// later GETs, and its own client served from there.

#include <memory>

#include "edge/edge_request.h"
#include "edge/rules/freshness.h"
#include "net/exchange.h"
#include "runtime/task.h"
#include "wire/http1_response.h"

namespace weir::edge {

// Before the origin is asked: what is purged from now on, but by the change itself, is purged for
// its answer.
void begin_change(EdgeRequest& request);

// Whether the answer may be one of those: names the request's own URL, and so on.
bool is_answer_to_get(const EdgeRequest& request, const wire::ResponseHead& head);

// For such an answer. What the change made void has been dropped before. False: nothing was done,
// and `origin` is as it was; otherwise the request is answered, and `origin` taken over.
runtime::Task<bool> keep_for_get(EdgeRequest& request, std::unique_ptr<net::OriginExchange>& origin,
                                 const wire::ResponseHead& head, FetchTimes times);

}  // namespace weir::edge
