#pragma once
// Identity of a trace and of a span (W3C Trace Context): values only. wire/traceparent.h reads and
// writes them, telemetry/ makes and keeps them.

#include <array>
#include <cstdint>

namespace weir {

// 128 bits in network order; all zero means "none".
struct TraceId {
  uint64_t high = 0;
  uint64_t low = 0;
  explicit operator bool() const { return (high | low) != 0; }
  bool operator==(const TraceId&) const = default;
};

// 64 bits; zero means "none".
struct SpanId {
  uint64_t value = 0;
  explicit operator bool() const { return value != 0; }
  bool operator==(const SpanId&) const = default;
};

// What travels with a request: where it belongs and how it is flagged.
struct TraceContext {
  static constexpr uint8_t sampled = 0x01;  // the caller records this trace
  static constexpr uint8_t random =
      0x02;  // the low 56 bits of the trace id are random (W3C level 2)

  TraceId trace;
  SpanId span;
  uint8_t flags = 0;
  explicit operator bool() const { return trace && span; }
};

}  // namespace weir
