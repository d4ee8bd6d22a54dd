#pragma once
// What the heads of HTTP/1.1 requests and responses have in common (RFC 9112): limits, the answer
// of a parser, framing of the body, and the fields between the first line and the empty line.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/http_fields.h"

namespace weir::wire {

enum class RequestMethod : uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  connect,
  options,
  trace,
  patch,
  other,  // any other token; its text says which
};

// A head that exceeds one of these is malformed, not waited for.
struct HeadLimits {
  uint32_t line_bytes_max = 8 * 1024;    // request line or status line, without CRLF
  uint32_t head_bytes_max = 32 * 1024;   // all of it, with the empty line
  uint32_t field_bytes_max = 16 * 1024;  // one field line, without CRLF
  uint32_t fields_max = 100;             // the storage of the Fields bounds them, too

  bool operator==(const HeadLimits&) const = default;
};

// What a parser says about the bytes it was given.
struct HeadResult {
  enum class Status : uint8_t { complete, incomplete, malformed };

  Status status = Status::incomplete;
  uint16_t http_status = 0;  // malformed: what to answer (400, 414, 417, 431, 501, 505; 502)
  size_t bytes = 0;          // complete: size of the head; incomplete: how far was looked at
  const char* reason = "";   // malformed: for people, static

  bool complete() const { return status == Status::complete; }
  bool incomplete() const { return status == Status::incomplete; }
  bool malformed() const { return status == Status::malformed; }

  static HeadResult complete_at(size_t consumed) { return {Status::complete, 0, consumed, ""}; }
  static HeadResult incomplete_at(size_t scanned) { return {Status::incomplete, 0, scanned, ""}; }
  static HeadResult malformed_with(uint16_t http_status, const char* reason) {
    return {Status::malformed, http_status, 0, reason};
  }
};

// How the end of a body is found (RFC 9112 6.3).
struct BodyFraming {
  enum class Kind : uint8_t { none, content_length, chunked, until_close };

  Kind kind = Kind::none;
  uint64_t length = 0;  // of content_length; at most INT64_MAX
};

// The field lines from `from` to the empty line, appended to `out`; `bytes` of a complete result
// counts from the start of `bytes`. Refuses what RFC 9112 5 lets a server refuse: bare LF, bare CR,
// folded lines, whitespace before the colon, control bytes. Does not check head_bytes_max.
HeadResult parse_field_lines(std::string_view bytes, size_t from, const HeadLimits& limits,
                             Fields& out);

// False when a head that was incomplete at `scanned` bytes still is: no empty line has come, and no
// bare LF, which the parser is to refuse at once. Looks at new bytes only.
bool head_may_end(std::string_view bytes, size_t scanned);

// The answer for a head that has not ended: incomplete, or malformed because it cannot end within
// the limits any more.
HeadResult unfinished_head(std::string_view bytes, const HeadLimits& limits);

}  // namespace weir::wire
