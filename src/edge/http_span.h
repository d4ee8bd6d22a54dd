#pragma once
// What spans of HTTP say, by OpenTelemetry's conventions for them: of a request that we make, whom
// it asks, and which answers are errors. To whoever asks, 4xx and 5xx are; to whoever answers, 5xx
// only. An answer of 4xx is nevertheless no reason to keep a trace, nor counted as an error by
// adaptive sampling: it says that something was refused, not that something broke, and whoever
// scans a site for paths that do not exist would otherwise decide what is kept.

#include <array>
#include <string_view>

#include "net/origin_client.h"
#include "telemetry/trace.h"

namespace weir::edge {

// The three digits of a status, which are its error's type.
struct StatusText {
  explicit StatusText(uint16_t status)
      : digits{digit(status / 100), digit(status / 10), digit(status)} {}
  std::string_view view() const { return {digits.data(), digits.size()}; }

  std::array<char, 3> digits;

 private:
  static char digit(int value) { return static_cast<char>('0' + value % 10); }
};

// A request that we make. `attempt` counts from 1; `full` adds url.full, in which there may be a
// query.
struct Asking {
  std::string_view method;
  std::string_view target;  // with its query, or without it
  std::string_view query;
  uint32_t attempt;
  bool full;
};
// Starts the span of one.
telemetry::SpanRef start_asking(telemetry::Trace& trace, const telemetry::SpanDecl& decl,
                                const net::OriginShare& asked, const Asking& asking, MonoTime now);
// What came of it.
void note_answer(telemetry::Trace& trace, telemetry::SpanRef span, uint16_t status);
void note_failure(telemetry::Trace& trace, telemetry::SpanRef span, const Error& error);

}  // namespace weir::edge
