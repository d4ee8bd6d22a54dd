#include "wire/http1_request.h"

#include <cstring>

#include "wire/http1_framing.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

constexpr std::string_view version_1_1 = "HTTP/1.1\r\n";
constexpr std::string_view version_1_0 = "HTTP/1.0\r\n";
constexpr size_t method_bytes_max = 32;

// `rest` starts where the version should and does not start with one that we know.
HeadResult bad_version(std::string_view rest) {
  if (rest.starts_with(version_1_1.substr(0, 8)) || rest.starts_with(version_1_0.substr(0, 8)))
    return HeadResult::malformed_with(400, "the request line does not end in CRLF");
  const bool other_version = rest.size() >= 8 && rest.starts_with("HTTP/") && rest[6] == '.' &&
                             is_digit(static_cast<unsigned char>(rest[5])) &&
                             is_digit(static_cast<unsigned char>(rest[7]));
  if (other_version) return HeadResult::malformed_with(505, "not HTTP/1.1 or HTTP/1.0");
  return HeadResult::malformed_with(400, "no HTTP version in the request line");
}

HeadResult bad_target(char stop, bool empty) {
  if (stop == '#') return HeadResult::malformed_with(400, "the request target has a fragment");
  if (stop == '\r' || stop == '\n' || empty)
    return HeadResult::malformed_with(400, "the request line is not method, target and version");
  return HeadResult::malformed_with(400, "the request target has an invalid character");
}

// Method, target and version of the line at `from`; complete_at() where the fields start.
HeadResult parse_request_line(std::string_view bytes, size_t from, const HeadLimits& limits,
                              RequestHead& out) {
  const char* const begin = bytes.data() + from;
  const char* const end = bytes.data() + bytes.size();
  const auto left = [end](const char* p) { return static_cast<size_t>(end - p); };

  const bool is_get = left(begin) > 4 && std::memcmp(begin, "GET ", 4) == 0;
  const size_t method_size = is_get ? 3 : span_of(token_bytes, begin, left(begin));
  if (method_size > method_bytes_max)
    return HeadResult::malformed_with(501, "the method's name is too long");
  if (begin + method_size == end) return HeadResult::incomplete_at(bytes.size());
  if (method_size == 0 || begin[method_size] != ' ')
    return HeadResult::malformed_with(400, "the request does not start with a method");
  out.method_text = {begin, method_size};
  out.method = is_get ? RequestMethod::get : request_method(out.method_text);

  const char* const target = begin + method_size + 1;
  const char* p = target + span_of(target_bytes, target, left(target));
  if (p == end) return HeadResult::incomplete_at(bytes.size());
  if (*p != ' ' || p == target) return bad_target(*p, p == target);
  out.target = {target, p};

  ++p;
  const std::string_view rest(p, left(p));
  if (rest.size() < version_1_1.size())
    return rest.contains('\n') ? bad_version(rest) : HeadResult::incomplete_at(bytes.size());
  if (rest.starts_with(version_1_1))
    out.minor_version = 1;
  else if (rest.starts_with(version_1_0))
    out.minor_version = 0;
  else
    return bad_version(rest);
  p += version_1_1.size();
  if (static_cast<size_t>(p - 2 - begin) > limits.line_bytes_max)
    return HeadResult::malformed_with(414, "the request line is too long");
  return HeadResult::complete_at(static_cast<size_t>(p - bytes.data()));
}

void split_path(std::string_view target, RequestHead& head) {
  const auto* question = static_cast<const char*>(std::memchr(target.data(), '?', target.size()));
  head.has_query = question != nullptr;
  head.path = question ? std::string_view(target.begin(), question) : target;
  head.query = question ? std::string_view(question + 1, target.end()) : std::string_view();
}

HeadFault parse_absolute_form(RequestHead& head) {
  const auto url = parse_url(head.target);
  if (!url) return {400, "the request target is neither a path nor an http URL"};
  head.form = TargetForm::absolute;
  head.scheme = url->scheme;
  head.host = url->authority;
  head.query = url->query;
  head.has_query = url->has_query;
  head.path = url->path;
  // RFC 9112 3.2.4: OPTIONS of a URL without path and query is about the server.
  if (head.path.empty())
    head.path = head.method == RequestMethod::options && !head.has_query ? "*" : "/";
  return {};
}

// RFC 9112 3.2: which of the four forms the target has, and its parts.
HeadFault parse_target(RequestHead& head) {
  if (head.method == RequestMethod::connect) {
    const auto authority = parse_authority(head.target);
    if (!authority || authority->port == 0) return {400, "CONNECT needs a host and a port"};
    head.form = TargetForm::authority;
    head.host = *authority;
    return {};
  }
  if (head.target.front() == '/') {
    split_path(head.target, head);
    return {};
  }
  if (head.target != "*") return parse_absolute_form(head);
  if (head.method != RequestMethod::options) return {400, "the target * is for OPTIONS only"};
  head.form = TargetForm::asterisk;
  head.path = head.target;
  return {};
}

// RFC 9112 3.2: exactly one valid Host, also where the target wins over it.
HeadFault parse_host(RequestHead& head) {
  const Field* field = head.fields.find(KnownField::host);
  if (!field) return head.minor_version == 0 ? HeadFault{} : HeadFault{400, "no Host"};
  if (head.fields.repeated(KnownField::host)) return {400, "more than one Host"};
  Authority ignored;
  Authority& host = head.host.text.empty() ? head.host : ignored;
  if (parse_authority_into(field->value, host))
    return {400, "Host is not a host with an optional port"};
  return {};
}

HeadFault parse_expect(RequestHead& head) {
  const Field* field = head.fields.find(KnownField::expect);
  if (!field || head.minor_version == 0) return {};
  const bool known = equal_ignoring_case(field->value, "100-continue");
  if (!known || head.fields.repeated(KnownField::expect))
    return {417, "Expect is not 100-continue"};
  head.expect_continue = head.framing.kind != BodyFraming::Kind::none;
  return {};
}

// What the fields mean, once all are there.
HeadFault interpret(RequestHead& head) {
  if (const HeadFault fault = parse_target(head)) return fault;
  if (const HeadFault fault = parse_host(head)) return fault;
  if (const HeadFault fault = parse_framing(head.fields, head.minor_version, head.framing))
    return fault;
  ConnectionOptions connection;
  if (const HeadFault fault = parse_connection(head.fields, connection)) return fault;
  head.keep_alive = persists(connection, head.minor_version);
  // With a body, two readers could disagree where the WebSocket begins: no upgrade then.
  head.upgrade_websocket =
      connection.upgrade && head.minor_version == 1 && head.method == RequestMethod::get &&
      head.framing.kind == BodyFraming::Kind::none && !head.fields.repeated(KnownField::upgrade) &&
      equal_ignoring_case(head.fields.value(KnownField::upgrade), "websocket");
  return parse_expect(head);
}

void reset(RequestHead& head) {
  head.method = RequestMethod::other;
  head.form = TargetForm::origin;
  head.has_query = head.expect_continue = head.upgrade_websocket = head.keep_alive = false;
  head.scheme = Scheme::http;
  head.method_text = head.target = head.path = head.query = {};
  head.host = {};
  head.framing = {};
  head.fields.clear();
}

HeadResult parse_whole(std::string_view bytes, const HeadLimits& limits, RequestHead& out) {
  reset(out);
  const size_t start = bytes.starts_with("\r\n") ? 2 : 0;
  if (start == 0 && bytes == "\r") return HeadResult::incomplete_at(1);
  HeadResult result = parse_request_line(bytes, start, limits, out);
  if (!result.complete()) return result;
  result = parse_field_lines(bytes, result.bytes, limits, out.fields);
  if (!result.complete()) return result;
  if (result.bytes > limits.head_bytes_max)
    return HeadResult::malformed_with(431, "the head is too large");
  if (const HeadFault fault = interpret(out))
    return HeadResult::malformed_with(fault.http_status, fault.reason);
  return result;
}

}  // namespace

HeadResult parse_request_head(std::string_view bytes, size_t scanned, const HeadLimits& limits,
                              RequestHead& out) {
  if (scanned > 0 && !head_may_end(bytes, scanned)) return unfinished_head(bytes, limits);
  const HeadResult result = parse_whole(bytes, limits, out);
  return result.incomplete() ? unfinished_head(bytes, limits) : result;
}

std::string_view to_string(RequestMethod method) {
  constexpr std::string_view names[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH", ""};
  return names[static_cast<size_t>(method)];
}

RequestMethod request_method(std::string_view text) {
  // Comparisons with constants, which the compiler turns into words.
  if (text == "GET") return RequestMethod::get;
  if (text == "HEAD") return RequestMethod::head;
  if (text == "POST") return RequestMethod::post;
  if (text == "PUT") return RequestMethod::put;
  if (text == "DELETE") return RequestMethod::delete_;
  if (text == "CONNECT") return RequestMethod::connect;
  if (text == "OPTIONS") return RequestMethod::options;
  if (text == "TRACE") return RequestMethod::trace;
  if (text == "PATCH") return RequestMethod::patch;
  return RequestMethod::other;
}

}  // namespace weir::wire
