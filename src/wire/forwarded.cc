#include "wire/forwarded.h"

#include <algorithm>

#include "wire/ip_text.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

// RFC 7239 6.3: "_" 1*( ALPHA / DIGIT / "." / "_" / "-" ).
bool is_obfuscated(std::string_view text) {
  return text.size() > 1 && text.front() == '_' && !text.contains('~') &&
         all_of(unreserved_bytes, text);
}

bool is_node_port(std::string_view text) {
  return parse_port_number(text) >= 0 || is_obfuscated(text);
}

std::optional<ForwardedNode> node_of_name(std::string_view name) {
  using Kind = ForwardedNode::Kind;
  std::array<uint8_t, 4> v4;
  std::array<uint8_t, 16> v6;
  if (name.starts_with('[')) {
    const std::string_view address = name.substr(1, name.size() - 2);
    if (!name.ends_with(']') || !parse_ipv6(address, v6)) return std::nullopt;
    return ForwardedNode{Kind::ipv6, address, {}};
  }
  if (parse_ipv4(name, v4)) return ForwardedNode{Kind::ipv4, name, {}};
  if (equal_ignoring_case(name, "unknown")) return ForwardedNode{Kind::unknown, name, {}};
  if (is_obfuscated(name)) return ForwardedNode{Kind::obfuscated, name, {}};
  return std::nullopt;
}

// Cuts the first parameter off `rest`: up to a ';' that is not quoted. Quotes are balanced: the
// list was split by them.
std::string_view take_parameter(std::string_view& rest) {
  bool quoted = false;
  size_t i = 0;
  for (; i < rest.size() && (quoted || rest[i] != ';'); ++i)
    if (rest[i] == '"') quoted = !quoted;
  const std::string_view parameter = rest.substr(0, i);
  rest.remove_prefix(std::min(i + 1, rest.size()));
  return trim_ows(parameter);
}

// A token, or a quoted string without escapes; false when it is neither.
bool unquote(std::string_view& value) {
  if (!value.starts_with('"')) return is_token(value);
  if (value.size() < 2 || !value.ends_with('"')) return false;
  value = value.substr(1, value.size() - 2);
  return !value.contains('"') && !value.contains('\\') && all_of(value_bytes, value);
}

std::string_view* part_of(ForwardedElement& element, std::string_view name) {
  if (equal_ignoring_case(name, "for")) return &element.client;
  if (equal_ignoring_case(name, "proto")) return &element.proto;
  if (equal_ignoring_case(name, "host")) return &element.host;
  if (equal_ignoring_case(name, "by")) return &element.by;
  return nullptr;
}

bool parse_element(std::string_view text, ForwardedElement& element) {
  element = {};
  while (!text.empty()) {
    const std::string_view parameter = take_parameter(text);
    if (parameter.empty()) continue;
    const size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) return false;
    std::string_view value = parameter.substr(equals + 1);
    const std::string_view name = parameter.substr(0, equals);
    if (!is_token(name) || !unquote(value)) return false;
    std::string_view* part = part_of(element, name);
    if (!part) continue;
    if (part->data() != nullptr) return false;
    *part = value;
  }
  return true;
}

void append_part(Buffer& out, std::string_view name, std::string_view value, bool& first) {
  if (value.empty()) return;
  if (!first) out.append(';');
  first = false;
  out.append(name);
  out.append('=');
  if (is_token(value)) return out.append(value);
  out.append('"');
  for (const char c : value) {
    if (c == '"' || c == '\\') out.append('\\');
    out.append(c);
  }
  out.append('"');
}

}  // namespace

std::optional<ForwardedNode> parse_forwarded_node(std::string_view text) {
  const size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  const size_t colon = text.find(':', std::min(bracket, text.size()));
  auto node = node_of_name(text.substr(0, colon));
  if (!node || colon == std::string_view::npos) return node;
  node->port = text.substr(colon + 1);
  return is_node_port(node->port) ? node : std::nullopt;
}

Result<size_t> parse_forwarded(const Fields& fields, std::span<ForwardedElement> out) {
  ListElements list(fields, KnownField::forwarded);
  size_t count = 0;
  for (std::string_view text; list.next(text); ++count) {
    if (count == out.size()) return fail(ErrorCode::limit, "Forwarded has too many elements");
    if (!parse_element(text, out[count]))
      return fail(ErrorCode::invalid, "an element of Forwarded is not name=value pairs");
  }
  if (list.malformed()) return fail(ErrorCode::invalid, "Forwarded has a quote without an end");
  return count;
}

Result<size_t> parse_x_forwarded_for(const Fields& fields, std::span<ForwardedNode> out) {
  ListElements list(fields, KnownField::x_forwarded_for);
  size_t count = 0;
  for (std::string_view text; list.next(text); ++count) {
    if (count == out.size())
      return fail(ErrorCode::limit, "X-Forwarded-For has too many addresses");
    std::array<uint8_t, 16> v6;
    auto node = parse_ipv6(text, v6) ? ForwardedNode{ForwardedNode::Kind::ipv6, text, {}}
                                     : parse_forwarded_node(text);
    if (!node) return fail(ErrorCode::invalid, "X-Forwarded-For has something that is no address");
    out[count] = *node;
  }
  if (list.malformed())
    return fail(ErrorCode::invalid, "X-Forwarded-For has a quote without an end");
  return count;
}

void append_forwarded(Buffer& out, const ForwardedElement& element) {
  bool first = true;
  append_part(out, "by", element.by, first);
  append_part(out, "for", element.client, first);
  append_part(out, "host", element.host, first);
  append_part(out, "proto", element.proto, first);
}

}  // namespace weir::wire
