#pragma once
// URLs as a proxy meets them (RFC 3986): the authority of a request or an origin, absolute http and
// https URLs, percent-encoding and the normal form of a path. Views of the input; strict: what we
// would have to guess about is refused.

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"

namespace weir::wire {

// host [":" port] (RFC 3986 3.2). The host is unreserved characters only, or an IPv6 address in
// brackets; no user information, no zone id, no percent-encoding.
struct Authority {
  std::string_view text;  // the whole of it
  std::string_view host;  // without the port; an IPv6 address in its brackets; never empty
  uint16_t port = 0;      // 0: none was named

  bool is_ipv6() const { return host.starts_with('['); }
  // The host without brackets, as resolvers want it.
  std::string_view address() const { return is_ipv6() ? host.substr(1, host.size() - 2) : host; }
};
Result<Authority> parse_authority(std::string_view text);
// The same in place, for the parser of heads: copying an Authority that was just written costs more
// than finding it. Says what is wrong, nullptr when nothing is; then `out` is written whole.
const char* parse_authority_into(std::string_view text, Authority& out);

enum class Scheme : uint8_t { http, https };

constexpr uint16_t default_port(Scheme scheme) {
  return scheme == Scheme::http ? 80 : 443;
}

// scheme "://" authority [path] ["?" query]; a fragment is refused.
struct Url {
  Scheme scheme = Scheme::http;
  Authority authority;
  std::string_view path;   // empty, or from its '/'
  std::string_view query;  // without its '?'
  bool has_query = false;

  uint16_t port() const { return authority.port != 0 ? authority.port : default_port(scheme); }
};
Result<Url> parse_url(std::string_view text);

// Appends `text` with every "%XX" replaced by its byte; `invalid` at a '%' without two hex digits.
Result<> percent_decode(std::string_view text, Buffer& out);

// Appends the normal form of an absolute path (RFC 3986 6.2.2): escapes in upper case, unreserved
// characters unescaped, dot segments removed ("%2e" counts as a dot). "%2F" stays as it is: it is
// not a separator. `invalid` for a broken escape, an escaped control byte, or no '/' at the start.
// Writes at most path.size() bytes; a normal form is its own normal form.
Result<> normalise_path(std::string_view path, Buffer& out);

}  // namespace weir::wire
