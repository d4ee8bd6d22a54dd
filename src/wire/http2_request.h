#pragma once
// The head of an HTTP/2 request (RFC 9113 8.3): from the decoded fields to the same RequestHead
// that HTTP/1.1 gives, so that a service does not see which of the two it serves. As strict as the
// other parser: what would not pass there does not pass here.

#include "wire/http1_framing.h"
#include "wire/http1_request.h"
#include "wire/http2_block.h"
#include "wire/http2_frame.h"

namespace weir::wire {

// Fills `out`, whose views are of `block`, `joined` and static text; `joined` takes what HTTP/2
// cuts up: the Cookie fields, which become one (8.2.3). `ended`: no body follows; otherwise its end
// is where the peer ends the stream, which is shown as the framing of HTTP/1.1: the length that was
// announced, or chunked. `limits` may be closer than those that the session decoded `block` within,
// which last as long as its connection. The fault says what to answer; `out` then holds nothing.
HeadFault read_http2_request(const Http2Block& block, bool ended, const HeadLimits& limits,
                             Buffer& joined, RequestHead& out);

}  // namespace weir::wire
