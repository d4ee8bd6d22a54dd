#pragma once
// The head of an HTTP/1.1 request (RFC 9112 3): from bytes to views, in one pass, without
// allocation. Strict: whatever the RFC lets a server refuse is refused, so that no other reader of
// the message that we write can understand it differently.

#include <span>
#include <string_view>

#include "wire/http1_head.h"
#include "wire/url.h"

namespace weir::wire {

// RFC 9112 3.2.
enum class TargetForm : uint8_t { origin, absolute, authority, asterisk };

// All views are of the bytes that were parsed (or static); they live as long as those do not move.
struct RequestHead {
  // `storage` bounds the fields and outlives the head.
  explicit RequestHead(std::span<Field> storage) : fields(storage) {}

  RequestMethod method = RequestMethod::other;
  TargetForm form = TargetForm::origin;
  uint8_t minor_version = 1;  // of HTTP/1.x: 0 or 1
  bool has_query = false;
  bool keep_alive = false;         // the client can take another answer after this one
  bool expect_continue = false;    // it waits for "100 Continue" before it sends the body
  bool upgrade_websocket = false;  // a GET that asks for a WebSocket (RFC 6455 4.1)
  Scheme scheme = Scheme::http;    // of the absolute form; otherwise the connection knows
  BodyFraming framing;
  std::string_view method_text;
  std::string_view target;  // as it was sent
  std::string_view path;    // raw; "/" when an absolute target has none; "*"; empty for CONNECT
  std::string_view query;   // raw, without '?'
  // Whom the request is for: the target's authority where it has one, otherwise Host's (RFC 9112
  // 3.2.2). Empty only in HTTP/1.0 without Host.
  Authority host;
  Fields fields;
};

// Parses the head at the start of `bytes`. `scanned` is 0, or the `bytes` of the last incomplete
// result for the same, since then grown input, so that a head that comes in pieces is not parsed
// again for each piece. One empty line before the request line is skipped (RFC 9112 2.2). `out` is
// meaningful when the result is complete. After `malformed` nothing behind it can be trusted:
// answer `http_status` and close.
HeadResult parse_request_head(std::string_view bytes, size_t scanned, const HeadLimits& limits,
                              RequestHead& out);

// "GET"; empty for `other`.
std::string_view to_string(RequestMethod method);
RequestMethod request_method(std::string_view text);

}  // namespace weir::wire
