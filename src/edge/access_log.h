#pragma once
// The access log: one JSON object a line for every request.

#include "base/time.h"
#include "edge/edge_request.h"

namespace weir::edge {

// Writes the line, unless the log is off, the request is not in the sample, or there is no room,
// which is counted.
void write_access_log(EdgeRequest& request, Duration duration, uint64_t bytes_out);

}  // namespace weir::edge
