#pragma once
// The head of an HTTP/1.1 response from an origin (RFC 9112 4): from bytes to views, without
// allocation. As strict as the request's parser: an origin whose answer could be cut at two places
// is answered for with 502.

#include <span>
#include <string_view>

#include "wire/http1_head.h"

namespace weir::wire {

// All views are of the bytes that were parsed; they live as long as those do not move.
struct ResponseHead {
  // `storage` bounds the fields and outlives the head.
  explicit ResponseHead(std::span<Field> storage) : fields(storage) {}

  uint16_t status = 0;             // 100..999
  uint8_t minor_version = 1;       // of HTTP/1.x: 0 or 1
  bool http2 = false;              // it came over HTTP/2, and was put into these words by us
  bool interim = false;            // 1xx but 101: the final response is still to come
  bool keep_alive = false;         // the origin can take another request after this one
  bool upgrade_websocket = false;  // 101 to WebSocket: what follows is not HTTP
  BodyFraming framing;             // of the bytes that follow; `none` for an answer to HEAD
  std::string_view reason;
  Fields fields;

  // What follows "HTTP/" in the name of the protocol that it came over.
  std::string_view http_version() const { return http2 ? "2" : minor_version == 0 ? "1.0" : "1.1"; }
};

// Parses the head at the start of `bytes`, the answer to a request with `method`, which decides
// whether a body follows (RFC 9112 6.3). `scanned` as for parse_request_head. A malformed result
// says 502: give up the connection.
HeadResult parse_response_head(std::string_view bytes, size_t scanned, const HeadLimits& limits,
                               RequestMethod method, ResponseHead& out);

}  // namespace weir::wire
