#include "wire/http1_response.h"

#include "wire/http1_framing.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

HeadResult bad(const char* reason) {
  return HeadResult::malformed_with(502, reason);
}

// "HTTP/1.1 200": the fixed part of the line.
constexpr size_t fixed_size = 12;

bool parse_version_and_status(std::string_view line, ResponseHead& out) {
  if (!line.starts_with("HTTP/1.") || (line[7] != '0' && line[7] != '1') || line[8] != ' ')
    return false;
  out.minor_version = static_cast<uint8_t>(line[7] - '0');
  if (!all_of(digit_bytes, line.substr(9, 3))) return false;
  out.status =
      static_cast<uint16_t>((line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0');
  return out.status >= 100;
}

// The status line; complete_at() where the fields start.
HeadResult parse_status_line(std::string_view bytes, const HeadLimits& limits, ResponseHead& out) {
  if (bytes.size() < fixed_size) {
    if (!std::string_view("HTTP/1.").starts_with(bytes.substr(0, 7)))
      return bad("the response does not start with HTTP/1.1 or HTTP/1.0");
    return HeadResult::incomplete_at(bytes.size());
  }
  if (!parse_version_and_status(bytes.substr(0, fixed_size), out))
    return bad("the response does not start with HTTP/1.1 or HTTP/1.0 and a status");
  const std::string_view rest = bytes.substr(fixed_size);
  const size_t reason_size = span_of(value_bytes, rest);
  out.reason = rest.substr(0, reason_size);
  // The grammar wants the space even before an empty reason; many origins leave it out.
  if (!out.reason.empty() && out.reason.front() != ' ')
    return bad("the status is not three digits");
  if (!out.reason.empty()) out.reason.remove_prefix(1);
  const std::string_view line_end = rest.substr(reason_size, 2);
  if (!std::string_view("\r\n").starts_with(line_end))
    return bad("the status line has a control character or does not end in CRLF");
  if (line_end.size() < 2) return HeadResult::incomplete_at(bytes.size());
  if (fixed_size + reason_size > limits.line_bytes_max) return bad("the status line is too long");
  return HeadResult::complete_at(fixed_size + reason_size + 2);
}

// RFC 9112 6.3, 1: these end with their head whatever their fields say. (A 2xx to CONNECT would,
// too; we never send one.)
bool never_has_body(const ResponseHead& head, RequestMethod method) {
  return method == RequestMethod::head || head.status < 200 || head.status == 204 ||
         head.status == 304;
}

HeadFault interpret(RequestMethod method, ResponseHead& head) {
  if (const HeadFault fault = parse_framing(head.fields, head.minor_version, head.framing))
    return fault;
  ConnectionOptions connection;
  if (const HeadFault fault = parse_connection(head.fields, connection)) return fault;
  head.keep_alive = persists(connection, head.minor_version);
  head.interim = head.status < 200 && head.status != 101;
  head.upgrade_websocket = head.status == 101 && head.minor_version == 1 && connection.upgrade &&
                           equal_ignoring_case(head.fields.value(KnownField::upgrade), "websocket");
  if (never_has_body(head, method)) {
    // An origin that announces a body where there can be none may send it all the same: what
    // follows is not trusted to be the next response.
    const bool announced =
        head.framing.kind == BodyFraming::Kind::chunked || head.framing.length > 0;
    if (announced && (head.status < 200 || head.status == 204)) head.keep_alive = false;
    head.framing = {};
  } else if (head.framing.kind == BodyFraming::Kind::none) {
    head.framing.kind = BodyFraming::Kind::until_close;
    head.keep_alive = false;
  }
  return {};
}

HeadResult parse_whole(std::string_view bytes, const HeadLimits& limits, RequestMethod method,
                       ResponseHead& out) {
  out.fields.clear();
  HeadResult result = parse_status_line(bytes, limits, out);
  if (!result.complete()) return result;
  result = parse_field_lines(bytes, result.bytes, limits, out.fields);
  if (!result.complete()) return result;
  if (result.bytes > limits.head_bytes_max) return bad("the head is too large");
  if (const HeadFault fault = interpret(method, out)) return bad(fault.reason);
  return result;
}

}  // namespace

HeadResult parse_response_head(std::string_view bytes, size_t scanned, const HeadLimits& limits,
                               RequestMethod method, ResponseHead& out) {
  HeadResult result;
  if (scanned == 0 || head_may_end(bytes, scanned))
    result = parse_whole(bytes, limits, method, out);
  if (result.incomplete()) result = unfinished_head(bytes, limits);
  if (result.malformed()) result.http_status = 502;
  return result;
}

}  // namespace weir::wire
