#pragma once
// What an origin of HTTP/2 is told and tells, as messages of HTTP/1.1 and back (RFC 9113 8), so
// that a service does not see which of the two it asks. Pure; the fields of requests come from a
// parser of ours, those of answers from a session that has checked them.

#include <span>

#include "base/buffer.h"
#include "wire/http1_request.h"
#include "wire/http2_block.h"

namespace weir::wire {

// The fields of a request, pseudo-header fields first, views of what `head` views, written to
// `out`, which has room for those of `head` and four more; how many. What concerns one connection
// is left out, but for "te: trailers".
size_t write_http2_request(const RequestHead& head, Scheme scheme, std::span<Field> out);

// The head of the answer to a request with `method`, interim or final; `last`: no body follows.
// Answers whether the body is to be framed as chunks: where its length was not announced, and that
// of gRPC always, since its outcome is in trailers.
bool append_http1_answer(Buffer& out, uint16_t status, const Http2Block& block,
                         RequestMethod method, bool last);

// The last chunk with the fields of a trailer section; false when they are more than are taken.
bool append_http1_trailers(Buffer& out, const Http2Block& block);

}  // namespace weir::wire
