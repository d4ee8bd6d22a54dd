#pragma once
// Writes the messages that the edge passes on, from the parsed ones: what concerns one connection
// only stays on it, and each side is told what it should know of the other.

#include "edge/edge_request.h"
#include "wire/http1_response.h"

namespace weir::edge {

// How a body goes out.
enum class OutFraming : uint8_t { none, content_length, chunked, until_close };

// The head for the origin, complete. `authority` is the origin's own name, `span` what the origin's
// span will be a child of.
void append_origin_request(Buffer& out, const EdgeRequest& request, std::string_view authority,
                           telemetry::SpanRef span);

// How the answer's body is framed for this client.
OutFraming framing_for_client(const EdgeRequest& request, const wire::ResponseHead& head);
// The head for the client, complete. May end the connection's keep-alive, where the end of the body
// is the end of the connection.
void append_client_response(EdgeRequest& request, const wire::ResponseHead& head,
                            OutFraming framing);
// An interim answer (102, 103, ...).
void append_interim_response(Buffer& out, const wire::ResponseHead& head);
// The last chunk with the trailers that may be passed on.
void append_end_of_chunks(Buffer& out, const wire::Fields* trailers, bool with_trailers);

}  // namespace weir::edge
