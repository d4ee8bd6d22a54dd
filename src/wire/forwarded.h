#pragma once
// Who a request came from, as proxies before us say it: Forwarded (RFC 7239) and X-Forwarded-For.
// Only the syntax is judged here; whom to believe is the edge's decision. Views of the fields.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "wire/http_fields.h"

namespace weir::wire {

// RFC 7239 6: an address, "unknown", or a name made up ("_hidden"), with an optional port.
struct ForwardedNode {
  enum class Kind : uint8_t { ipv4, ipv6, unknown, obfuscated };

  Kind kind = Kind::unknown;
  std::string_view name;  // an IPv6 address without its brackets
  std::string_view port;  // digits, or a name that starts with '_'; empty when there is none
};
// A node as Forwarded has it: an IPv6 address stands in brackets.
std::optional<ForwardedNode> parse_forwarded_node(std::string_view text);

// One proxy's account; a part that it did not give is empty. Values are without their quotes.
struct ForwardedElement {
  std::string_view by;
  std::string_view client;  // the node of "for"
  std::string_view host;
  std::string_view proto;
};

// The elements of all Forwarded fields into `out`, the first proxy's first; how many there are.
// Other parameters are skipped. `invalid` where the syntax is broken, a parameter comes twice or a
// value has a backslash; `limit` when there are more than `out` holds.
Result<size_t> parse_forwarded(const Fields& fields, std::span<ForwardedElement> out);

// The nodes of all X-Forwarded-For fields into `out`, the client's first. An IPv6 address may stand
// without brackets. Errors as above.
Result<size_t> parse_x_forwarded_for(const Fields& fields, std::span<ForwardedNode> out);

// Appends "by=...;for=...": the parts that are not empty, quoted where they must be. Values are
// what is_field_value() accepts. Between two elements the caller puts ", ".
void append_forwarded(Buffer& out, const ForwardedElement& element);

}  // namespace weir::wire
