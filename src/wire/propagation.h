#pragma once
// Propagation (OpenTelemetry): what a message says of the trace that it is in, and what those say
// that are sent for it: traceparent, tracestate and baggage, as fields of HTTP and gRPC or as
// headers of a Kafka record, there in lower case. The rules are the same for all of them:
//
//   - A traceparent that is malformed, or one of several, is none. Then tracestate belongs to no
//     trace that we know, and ends here (W3C Trace Context 3.3.1.6).
//   - Several of tracestate, or of baggage, are one list in their order, within the limits of
//     traceparent.h and baggage.h.
//   - The trace of a sender who is not trusted is continued, and the members of vendors go on. What
//     it says about sampling, and its baggage, end here.

#include <optional>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/trace_id.h"
#include "wire/header_values.h"
#include "wire/ot_state.h"

namespace weir::wire {

// What came with a message; valid while its headers are.
struct RemoteContext {
  std::optional<TraceContext> parent;
  std::string_view ot;      // what is believed of OpenTelemetry's member of tracestate: its value
  HeaderValues tracestate;  // that goes on
  HeaderValues baggage;     // that goes on
};
RemoteContext extract_context(const Fields& fields, bool trusted);
RemoteContext extract_context(std::span<const MessageHeader> headers, bool trusted);

// Appends the value of tracestate for what is sent: how we sample, then what goes on of `remote`.
// Nothing when there is nothing to say.
void append_tracestate(Buffer& out, const OtState& sampling, const RemoteContext& remote);

// What a record says of the trace in which it is sent.
struct LocalContext {
  TraceContext span;  // that sends it; invalid: nothing is said of a trace
  OtState sampling;
};
struct Injected {
  bool complete;            // false: baggage, or that and tracestate, or all had no room
  size_t baggage_left_out;  // members, malformed or beyond the limits
};
// Puts traceparent, tracestate and baggage into the headers of a record, in place of all that is
// there under these keys. The values are appended to `text`, which stays as it is while the headers
// are used, and holds nothing of them before. `remote` may be of these very headers, and is of no
// use afterwards.
[[nodiscard]] Injected inject_context(MessageHeaders& headers, Buffer& text,
                                      const LocalContext& local, const RemoteContext& remote);

}  // namespace weir::wire
