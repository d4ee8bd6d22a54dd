#pragma once
// The access log: one JSON object a line for every request.

#include <array>

#include "base/time.h"
#include "edge/edge_request.h"

namespace weir::edge {

// "2026-11-23T08:46:14.123456Z". All but the fraction is kept from the last line of that second: a
// calendar costs more than the rest of the line. Requests that were read together have one time.
class AccessLogTime {
 public:
  static constexpr size_t bytes = 27;
  // Valid until the next call.
  std::string_view text(WallTime time);

 private:
  int64_t micros_ = INT64_MIN;
  std::array<char, bytes> text_;
};

// Writes the line, unless the log is off, the request is not in the sample, or there is no room,
// which is counted.
void write_access_log(EdgeRequest& request, Duration duration, uint64_t bytes_out);

}  // namespace weir::edge
