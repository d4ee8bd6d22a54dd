#pragma once
// Answers that the edge gives by itself: errors, redirects, preflights, health. Small and honest:
// they say what the client can do with, and nothing of what is inside.

#include <string_view>

#include "edge/edge_request.h"

namespace weir::edge {

// Starts a page of ours: status line, Server, Date, Cache-Control: no-store, and what the site, if
// one is known, adds to all its answers.
void begin_page(EdgeRequest& request, uint16_t status);
// Ends the head of an answer with a body of this size, and appends the body unless the method is
// HEAD.
void end_answer(EdgeRequest& request, std::string_view content_type, std::string_view body);

// A page (or JSON, if the client would rather have it) with the status, one sentence and the
// request id. `error` is for the log.
void answer_error(EdgeRequest& request, uint16_t status, const char* error);
// Ends the answer to a call of gRPC whose time is over behind what has left of it, in chunks, with
// trailers that say so.
void end_late_call(EdgeRequest& request);
void answer_text(EdgeRequest& request, uint16_t status, std::string_view text);
void answer_fixed(EdgeRequest& request, const FixedAnswer& answer);
void answer_redirect(EdgeRequest& request, const PathRule& rule);
void answer_preflight(EdgeRequest& request, const CorsPolicy& policy);

}  // namespace weir::edge
