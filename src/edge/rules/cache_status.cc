#include "edge/rules/cache_status.h"

#include "wire/http1_write.h"
#include "wire/scan.h"

namespace weir::edge {
namespace {

// RFC 9651 3.3.4: a token begins with a letter.
bool is_bare_token(std::string_view text) {
  return wire::is_token(text) && ((text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z');
}

// RFC 9651 3.3.3: only visible ASCII; what is outside is written as '?'.
void append_string(Buffer& out, std::string_view text) {
  out.append('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.append('\\');
    out.append(c >= 0x20 && c < 0x7f ? c : '?');
  }
  out.append('"');
}

void append_text(Buffer& out, std::string_view text) {
  if (is_bare_token(text))
    out.append(text);
  else
    append_string(out, text);
}

void append_integer(Buffer& out, int64_t value) {
  if (value < 0) out.append('-');
  wire::append_decimal(
      out, value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value));
}

}  // namespace

void append_cache_status(Buffer& out, std::string_view name, const CacheStatus& status) {
  out.append("Cache-Status: ");
  append_text(out, name);
  if (status.hit) {
    out.append("; hit");
  } else if (status.forward != Forward::none) {
    out.append("; fwd=");
    out.append(to_string(status.forward));
    if (status.forward_status != 0) {
      out.append("; fwd-status=");
      wire::append_decimal(out, status.forward_status);
    }
  }
  if (status.ttl_s) {
    out.append("; ttl=");
    append_integer(out, *status.ttl_s);
  }
  if (status.stored) out.append("; stored");
  if (status.collapsed) out.append("; collapsed");
  if (!status.key.empty()) {
    out.append("; key=");
    append_string(out, status.key);
  }
  if (!status.detail.empty()) {
    out.append("; detail=");
    append_text(out, status.detail);
  }
  out.append("\r\n");
}

std::string_view to_string(Forward forward) {
  switch (forward) {
    case Forward::none:
      return "";
    case Forward::bypass:
      return "bypass";
    case Forward::method:
      return "method";
    case Forward::uri_miss:
      return "uri-miss";
    case Forward::vary_miss:
      return "vary-miss";
    case Forward::miss:
      return "miss";
    case Forward::request:
      return "request";
    case Forward::stale:
      return "stale";
    case Forward::partial:
      return "partial";
  }
  return "";
}

}  // namespace weir::edge
