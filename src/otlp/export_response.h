#pragma once
// What a receiver answers to an OTLP request, and what follows from it: pure.
//
//   ExportTraceServiceResponse   1 ExportTracePartialSuccess (1 rejected_spans   2 error_message)
//   google.rpc.Status            1 code   2 message   3 details     with every 4xx and 5xx, and
//     in a detail (Any: 1 type_url   2 value)                       in grpc-status-details-bin
//   google.rpc.RetryInfo         1 retry_delay (1 seconds   2 nanos)

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "wire/grpc.h"

namespace weir::otlp {

enum class Disposition : uint8_t {
  delivered,
  retry,    // not now: the same request may be sent again
  refused,  // for good
};

// OTLP lets exactly 429, 502, 503 and 504 be repeated.
Disposition disposition_of(uint16_t status);
// And of gRPC: CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS, and
// RESOURCE_EXHAUSTED only from a receiver that says when (RetryInfo).
Disposition disposition_of(wire::GrpcCode code, bool says_when);

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
// The RetryInfo in a google.rpc.Status; at most a day.
std::optional<Duration> parse_retry_info(std::string_view status);

}  // namespace weir::otlp
