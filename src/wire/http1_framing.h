#pragma once
// The rules that decide where a body ends and whether the connection lives on (RFC 9112 6 and 9),
// for requests and responses alike. A message about whose length two readers could disagree is
// refused: that is what request smuggling lives on.

#include <cstdint>

#include "wire/http1_head.h"

namespace weir::wire {

// Something about a head that makes the message refused; `reason` is nullptr when there is nothing.
struct HeadFault {
  uint16_t http_status = 0;
  const char* reason = nullptr;
  explicit operator bool() const { return reason != nullptr; }
};

// Content-Length and Transfer-Encoding into `framing`; `none` when neither is there. Refused: both
// (the RFC lets a server close after answering; we do not answer), either one repeated, a length
// that is not 1 to 19 digits within INT64_MAX, any transfer coding but "chunked" alone (501 when it
// is well-formed), any at all in HTTP/1.0.
HeadFault parse_framing(const Fields& fields, int minor_version, BodyFraming& framing);

// What Connection says (RFC 9110 7.6.1).
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};
// A fault when an element is not a token.
HeadFault parse_connection(const Fields& fields, ConnectionOptions& options);

// Whether the connection may carry another message after this one (RFC 9112 9.3).
inline bool persists(const ConnectionOptions& options, int minor_version) {
  return !options.close && (minor_version >= 1 || options.keep_alive);
}

}  // namespace weir::wire
