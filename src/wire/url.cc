#include "wire/url.h"

#include <algorithm>
#include <array>

#include "wire/ip_text.h"
#include "wire/known_field.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

// "[" IPv6 "]": its length, 0 when it is none.
size_t ipv6_literal_size(std::string_view text) {
  const size_t close = text.find(']');
  std::array<uint8_t, 16> address;
  if (close == std::string_view::npos || !parse_ipv6(text.substr(1, close - 1), address)) return 0;
  return close + 1;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The byte that the escape at text[i] == '%' stands for; -1 when it is none.
int escaped_byte(std::string_view text, size_t i) {
  if (text.size() - i < 3) return -1;
  const int upper = hex_value(text[i + 1]), lower = hex_value(text[i + 2]);
  return upper < 0 || lower < 0 ? -1 : upper << 4 | lower;
}

void append_escape(Buffer& out, int byte) {
  constexpr char digits[] = "0123456789ABCDEF";
  const char escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
  out.append({escape, sizeof escape});
}

// `out` from `start` on is a path whose last segment just ended. Takes a dot segment away again.
// Either way a directory remains: the caller appends the separator.
void drop_dot_segment(Buffer& out, size_t start) {
  const std::string_view path = out.view().substr(start);
  const size_t slash = path.rfind('/');
  const std::string_view segment = path.substr(slash + 1);
  if (segment == ".") out.truncate(start + slash);
  if (segment != "..") return;
  const size_t parent = slash == 0 ? 0 : path.rfind('/', slash - 1);
  out.truncate(start + parent);
}

}  // namespace

const char* parse_authority_into(std::string_view text, Authority& out) {
  const bool bracketed = text.starts_with('[');
  const size_t host_size = bracketed ? ipv6_literal_size(text) : span_of(unreserved_bytes, text);
  if (host_size == 0) return "the host is empty or not valid";
  int port = 0;
  if (host_size < text.size()) {
    if (text[host_size] != ':') return "the host has an invalid character";
    port = parse_port_number(text.substr(host_size + 1));
    if (port <= 0) return "the port is not one of 1 to 65535";
  }
  out.text = text;
  out.host = text.substr(0, host_size);
  out.port = static_cast<uint16_t>(port);
  return nullptr;
}

Result<Authority> parse_authority(std::string_view text) {
  Authority authority;
  if (const char* reason = parse_authority_into(text, authority))
    return fail(ErrorCode::invalid, reason);
  return authority;
}

Result<Url> parse_url(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view scheme = text.substr(0, colon);
  Url url;
  if (equal_ignoring_case(scheme, "https"))
    url.scheme = Scheme::https;
  else if (!equal_ignoring_case(scheme, "http"))
    return fail(ErrorCode::invalid, "the URL does not start with http:// or https://");
  if (colon == std::string_view::npos || !text.substr(colon).starts_with("://"))
    return fail(ErrorCode::invalid, "the URL has no // after its scheme");
  text.remove_prefix(colon + 3);
  if (!all_of(target_bytes, text))
    return fail(ErrorCode::invalid, "the URL has a fragment or an invalid character");
  const size_t authority_size = std::min(text.find_first_of("/?"), text.size());
  WEIR_TRY(url.authority, parse_authority(text.substr(0, authority_size)));
  text.remove_prefix(authority_size);
  const size_t question = text.find('?');
  url.path = text.substr(0, question);
  url.has_query = question != std::string_view::npos;
  if (url.has_query) url.query = text.substr(question + 1);
  return url;
}

Result<> percent_decode(std::string_view text, Buffer& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.append(text[i]);
      continue;
    }
    const int byte = escaped_byte(text, i);
    if (byte < 0) return fail(ErrorCode::invalid, "a '%' is not followed by two hex digits");
    out.append(static_cast<char>(byte));
    i += 2;
  }
  return {};
}

Result<> normalise_path(std::string_view path, Buffer& out) {
  if (!path.starts_with('/')) return fail(ErrorCode::invalid, "the path does not start with '/'");
  const size_t start = out.size();
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '/' && i > 0) drop_dot_segment(out, start);
    if (path[i] != '%') {
      out.append(path[i]);
      continue;
    }
    const int byte = escaped_byte(path, i);
    if (byte < 0) return fail(ErrorCode::invalid, "a '%' is not followed by two hex digits");
    if (byte < 0x20 || byte == 0x7f)
      return fail(ErrorCode::invalid, "the path has an escaped control character");
    if (unreserved_bytes.contains(static_cast<char>(byte)))
      out.append(static_cast<char>(byte));
    else
      append_escape(out, byte);
    i += 2;
  }
  const size_t written = out.size();
  drop_dot_segment(out, start);
  if (out.size() != written) out.append('/');
  return {};
}

}  // namespace weir::wire
