#include "wire/http2_request.h"

#include "wire/scan.h"

namespace weir::wire {
namespace {

// Fields that have no meaning in HTTP/2 and whose presence makes a message malformed (RFC 9113
// 8.2.2); the codec refuses them, too.
constexpr KnownFieldSet connection_specific(KnownField::connection, KnownField::keep_alive,
                                            KnownField::proxy_connection,
                                            KnownField::transfer_encoding, KnownField::upgrade,
                                            KnownField::http2_settings);

struct Pseudo {
  std::string_view method, scheme, authority, path;
};

void reset(RequestHead& head) {
  head.method = RequestMethod::other;
  head.form = TargetForm::origin;
  head.minor_version = 1;
  head.has_query = head.expect_continue = head.upgrade_websocket = false;
  head.keep_alive = true;
  head.scheme = Scheme::http;
  head.method_text = head.target = head.path = head.query = {};
  head.host = {};
  head.framing = {};
  head.fields.clear();
}

HeadFault take_pseudo(std::string_view name, std::string_view value, Pseudo& pseudo) {
  std::string_view* into = name == ":method"      ? &pseudo.method
                           : name == ":scheme"    ? &pseudo.scheme
                           : name == ":authority" ? &pseudo.authority
                           : name == ":path"      ? &pseudo.path
                                                  : nullptr;
  if (!into || into->data()) return {400, "an unknown or repeated pseudo-header field"};
  *into = value;
  return {};
}

HeadFault check_field(std::string_view name, std::string_view value) {
  if (!is_token(name)) return {400, "a field's name has an invalid character"};
  if (!all_of(value_bytes, value)) return {400, "a control character in a field's value"};
  return {};
}

HeadFault take_field(const Field& field, const HeadLimits& limits, RequestHead& out) {
  if (connection_specific.contains(field.id)) return {400, "a field of HTTP/1.1 connections"};
  if (field.id == KnownField::te && field.value != "trailers")
    return {400, "TE other than trailers"};
  if (field.name.size() + field.value.size() > limits.field_bytes_max)
    return {431, "a header field is too large"};
  if (out.fields.size() >= limits.fields_max || !out.fields.push(field))
    return {431, "too many header fields"};
  return {};
}

HeadFault take(const Http2Block& block, size_t index, const HeadLimits& limits, Pseudo& pseudo,
               RequestHead& out) {
  const std::string_view name = block.name(index), value = block.value(index);
  if (name.starts_with(':')) return take_pseudo(name, value, pseudo);
  if (block.checked()) return take_field({name, value, block.id(index)}, limits, out);
  if (const HeadFault fault = check_field(name, value)) return fault;
  return take_field({name, value, known_field(name)}, limits, out);
}

HeadFault take_fields(const Http2Block& block, const HeadLimits& limits, Pseudo& pseudo,
                      RequestHead& out) {
  for (size_t i = 0; i < block.count(); ++i) {
    const HeadFault fault = take(block, i, limits, pseudo, out);
    if (fault) return fault;
  }
  return {};
}

HeadFault read_path(std::string_view path, const HeadLimits& limits, RequestHead& out) {
  if (path.size() > limits.line_bytes_max) return {414, "the path is too long"};
  if (!all_of(target_bytes, path)) return {400, "the path has an invalid character"};
  out.target = path;
  if (path == "*") {
    if (out.method != RequestMethod::options) return {400, "the target * is for OPTIONS only"};
    out.form = TargetForm::asterisk;
    out.path = path;
    return {};
  }
  if (!path.starts_with('/')) return {400, "the path does not start with a slash"};
  const size_t question = path.find('?');
  out.path = path.substr(0, question);
  out.has_query = question != std::string_view::npos;
  if (out.has_query) out.query = path.substr(question + 1);
  return {};
}

HeadFault read_connect(const Pseudo& pseudo, RequestHead& out) {
  const auto authority = parse_authority(pseudo.authority);
  if (!authority || authority->port == 0) return {400, "CONNECT needs a host and a port"};
  out.form = TargetForm::authority;
  out.target = pseudo.authority;
  out.host = *authority;
  return {};
}

HeadFault read_target(const Pseudo& pseudo, const HeadLimits& limits, RequestHead& out) {
  if (pseudo.method.empty() || !is_token(pseudo.method)) return {400, "no method"};
  out.method_text = pseudo.method;
  out.method = request_method(pseudo.method);
  if (out.method == RequestMethod::connect) return read_connect(pseudo, out);
  if (!equal_ignoring_case(pseudo.scheme, "http") && !equal_ignoring_case(pseudo.scheme, "https"))
    return {400, "a scheme other than http and https"};
  out.scheme = pseudo.scheme.size() == 5 ? Scheme::https : Scheme::http;
  return read_path(pseudo.path, limits, out);
}

// :authority and Host say the same where both are there (RFC 9113 8.3.1): otherwise two readers
// could take the request for two hosts.
HeadFault read_host(const Pseudo& pseudo, RequestHead& out) {
  if (out.method == RequestMethod::connect) return {};
  const Field* field = out.fields.find(KnownField::host);
  if (out.fields.repeated(KnownField::host)) return {400, "more than one Host"};
  if (!field && pseudo.authority.empty()) return {400, "no host"};
  if (field && !pseudo.authority.empty() && !equal_ignoring_case(field->value, pseudo.authority))
    return {400, "Host is not what :authority says"};
  if (parse_authority_into(field ? field->value : pseudo.authority, out.host))
    return {400, "the authority is not a host with an optional port"};
  if (!field && !out.fields.push({"host", pseudo.authority, KnownField::host}))
    return {431, "too many header fields"};
  return {};
}

HeadFault read_framing(bool ended, RequestHead& out) {
  if (const HeadFault fault = parse_framing(out.fields, 1, out.framing)) return fault;
  if (ended) {
    if (out.framing.length > 0) return {400, "the body is shorter than Content-Length"};
    return {};
  }
  if (out.framing.kind == BodyFraming::Kind::none) out.framing.kind = BodyFraming::Kind::chunked;
  const Field* expect = out.fields.find(KnownField::expect);
  if (!expect) return {};
  if (!equal_ignoring_case(expect->value, "100-continue") ||
      out.fields.repeated(KnownField::expect))
    return {417, "Expect is not 100-continue"};
  out.expect_continue = true;
  return {};
}

// Written back in place: none moves behind where it was.
void join_cookies(Buffer& joined, RequestHead& out) {
  if (!out.fields.repeated(KnownField::cookie)) return;
  joined.clear();
  for (const Field& field : out.fields) {
    if (field.id != KnownField::cookie) continue;
    if (!joined.empty()) joined.append("; ");
    joined.append(field.value);
  }
  const Field* const all = out.fields.begin();
  const size_t count = out.fields.size();
  out.fields.clear();
  for (size_t i = 0; i < count; ++i) {
    Field field = all[i];
    if (field.id == KnownField::cookie) {
      if (out.fields.has(KnownField::cookie)) continue;
      field.value = joined.view();
    }
    (void)out.fields.push(field);
  }
}

HeadFault read(const Http2Block& block, bool ended, const HeadLimits& limits, Buffer& joined,
               RequestHead& out) {
  if (block.cut_short() || block.size() > limits.head_bytes_max)
    return {431, "the head is too large"};
  Pseudo pseudo;
  if (const HeadFault fault = take_fields(block, limits, pseudo, out)) return fault;
  if (const HeadFault fault = read_target(pseudo, limits, out)) return fault;
  if (const HeadFault fault = read_host(pseudo, out)) return fault;
  if (const HeadFault fault = read_framing(ended, out)) return fault;
  join_cookies(joined, out);
  return {};
}

}  // namespace

HeadFault read_http2_request(const Http2Block& block, bool ended, const HeadLimits& limits,
                             Buffer& joined, RequestHead& out) {
  reset(out);
  const HeadFault fault = read(block, ended, limits, joined, out);
  if (fault) reset(out);
  return fault;
}

}  // namespace weir::wire
