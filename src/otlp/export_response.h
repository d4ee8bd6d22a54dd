#pragma once
// What a receiver answers to an OTLP request, and what follows from it: pure.
//
//   ExportTraceServiceResponse   1 ExportTracePartialSuccess (1 rejected_spans   2 error_message)
//   google.rpc.Status            1 code   2 message   3 details     with every 4xx and 5xx

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace weir::otlp {

enum class Disposition : uint8_t {
  delivered,
  retry,    // not now: the same request may be sent again
  refused,  // for good
};

// OTLP lets exactly 429, 502, 503 and 504 be repeated.
Disposition disposition_of(uint16_t status);

struct PartialSuccess {
  uint64_t rejected = 0;     // spans
  std::string_view message;  // of the body; may be there without a rejection, as a warning
};
// Of a delivered request. What cannot be read counts as "took all": the status said so.
PartialSuccess parse_partial_success(std::string_view body);
// Why a request was not taken; empty when the body does not say. A view of it.
std::string_view parse_error_message(std::string_view body);

// Retry-After (RFC 9110 10.2.3): seconds or a date; at most a day.
std::optional<Duration> parse_retry_after(std::string_view text, WallTime now);

}  // namespace weir::otlp
