#pragma once
// The test route: POST /test, which makes the calls that its body asks for, so that the harness of
// W3C Trace Context can see what becomes of the context that it sent. Off unless the setting
// telemetry.test_route is on, since whoever reaches it can have requests sent from here; only to
// loopback addresses.
//
//   [{"url": "http://127.0.0.1:7777/callback", "arguments": [...]}, ...]
//
// Each is called with POST, "arguments" as its body and the trace context of the request, one after
// the other. Answers 200 and a list of what came of them, 400 to a body that says something else.

#include "edge/edge_request.h"
#include "runtime/task.h"

namespace weir::edge {

inline constexpr std::string_view test_route_path = "/test";
inline constexpr size_t test_calls_max = 16;
inline constexpr size_t test_body_bytes_max = 64 * 1024;

// Whether the request is for it.
bool wants_test_calls(const EdgeRequest& request);
runtime::Task<> make_test_calls(EdgeRequest& request);

}  // namespace weir::edge
