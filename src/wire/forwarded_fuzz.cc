// Forwarded and X-Forwarded-For: what is accepted is written again as something that reads the
// same.
#include <array>
#include <string>
#include <vector>

#include "base/assert.h"
#include "wire/forwarded.h"
#include "wire/ip_text.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

struct Parsed {
  std::array<ForwardedElement, 8> elements;
  Result<size_t> count;

  explicit Parsed(std::string_view value) {
    std::array<Field, 1> storage;
    Fields fields(storage);
    fields.push("Forwarded", value);
    count = parse_forwarded(fields, elements);
  }
};

void check_forwarded(std::string_view value) {
  const Parsed parsed(value);
  if (!parsed.count) return;
  Buffer out;
  for (size_t i = 0; i < *parsed.count; ++i) {
    if (i > 0) out.append(", ");
    const size_t before = out.size();
    append_forwarded(out, parsed.elements[i]);
    if (out.size() == before) out.append("x=y");  // only parameters that we skip
  }
  const Parsed again(out.view());
  WEIR_ASSERT(again.count && *again.count == *parsed.count);
  for (size_t i = 0; i < *parsed.count; ++i) {
    const ForwardedElement &a = parsed.elements[i], &b = again.elements[i];
    WEIR_ASSERT(a.by == b.by && a.client == b.client && a.host == b.host && a.proto == b.proto);
  }
}

void check_nodes(std::string_view value) {
  std::array<Field, 1> storage;
  Fields fields(storage);
  fields.push("X-Forwarded-For", value);
  std::array<ForwardedNode, 8> nodes;
  const auto count = parse_x_forwarded_for(fields, nodes);
  std::array<uint8_t, 4> v4;
  std::array<uint8_t, 16> v6;
  for (size_t i = 0; count && i < *count; ++i) {
    const ForwardedNode& node = nodes[i];
    WEIR_ASSERT(!node.name.empty());
    if (node.kind == ForwardedNode::Kind::ipv4) WEIR_ASSERT(parse_ipv4(node.name, v4));
    if (node.kind == ForwardedNode::Kind::ipv6) WEIR_ASSERT(parse_ipv6(node.name, v6));
  }
}

}  // namespace
}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 1024) return 0;
  const std::vector<char> bytes(data, data + size);
  const std::string_view text(bytes.data(), bytes.size());
  weir::wire::check_forwarded(text);
  weir::wire::check_nodes(text);
  return 0;
}
