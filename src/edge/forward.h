#pragma once
// Writes the messages that the edge passes on, from the parsed ones: what concerns one connection
// only stays on it, and each side is told what it should know of the other.

#include <span>
#include <string>

#include "edge/edge_request.h"
#include "wire/http1_response.h"

namespace weir::edge {

// How a body goes out.
enum class OutFraming : uint8_t { none, content_length, chunked, until_close };

// The head for the origin, complete. `authority` is the origin's own name, `span` what the origin's
// span will be a child of.
void append_origin_request(Buffer& out, const EdgeRequest& request, std::string_view authority,
                           telemetry::SpanRef span);

// What tells the origin of the trace that it is in: the lines traceparent and tracestate.
void append_trace_context(Buffer& out, const EdgeRequest& request, telemetry::SpanRef span);

// Whether a precondition of the client's own goes to the origin, to which a 304 may be the answer:
// none that belongs to its connection, and none that the site removes or replaces.
bool passes_condition_on(const EdgeRequest& request);

// Fields of a request that are left out on the way to the origin.
struct FieldFilter {
  wire::KnownFieldSet known;
  std::span<const std::string> names;  // of any spelling

  bool operator()(const wire::Field& field) const;
};

// A GET without a body, kept so that it can be sent more than once, and when its client has gone:
// for what the cache fetches.
struct OriginAsk {
  std::string target;
  std::string host;          // empty: the origin's own name
  Buffer fields;             // all but Host, traceparent and tracestate
  Buffer tracestate;         // members of others than us
  std::string ot;            // what a trusted peer's OpenTelemetry member said
  bool conditional = false;  // a 304 may be the answer
};
OriginAsk make_ask(const EdgeRequest& request, std::string_view target,
                   const FieldFilter& left_out);
// The head for the origin, complete; `span` of `trace` is the fetch's.
void append_ask(Buffer& out, const OriginAsk& ask, std::string_view authority,
                const telemetry::Trace& trace, telemetry::SpanRef span);

// How the answer's body is framed for this client.
OutFraming framing_for_client(const EdgeRequest& request, const wire::ResponseHead& head);
// The head for the client, complete. May end the connection's keep-alive, where the end of the body
// is the end of the connection.
void append_client_response(EdgeRequest& request, const wire::ResponseHead& head,
                            OutFraming framing);
// The line Cache-Status, if the site has a cache and the settings want it.
void append_status_of_cache(EdgeRequest& request);
// An interim answer (102, 103, ...).
void append_interim_response(EdgeRequest& request, const wire::ResponseHead& head);
// The last chunk with the trailers that may be passed on.
void append_end_of_chunks(Buffer& out, const wire::Fields* trailers, bool with_trailers);

}  // namespace weir::edge
