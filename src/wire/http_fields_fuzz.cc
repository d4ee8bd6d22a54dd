// Lists and names: elements are non-empty, trimmed parts of the value, in order, and joining them
// gives the same list; known names are found whatever their case; hop-by-hop fields are those that
// Connection lists.
#include <array>
#include <string>
#include <vector>

#include "base/assert.h"
#include "wire/http1_write.h"
#include "wire/http_fields.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

std::vector<std::string_view> elements_of(ListElements list, bool& malformed) {
  std::vector<std::string_view> found;
  for (std::string_view element; list.next(element);)
    found.push_back(element);
  malformed = list.malformed();
  return found;
}

void check_list(std::string_view value) {
  bool malformed = false;
  const auto elements = elements_of(ListElements(value), malformed);
  std::string joined;
  const char* last = value.data();
  for (const std::string_view element : elements) {
    WEIR_ASSERT(!element.empty() && trim_ows(element).size() == element.size());
    WEIR_ASSERT(element.data() >= last &&
                element.data() + element.size() <= value.data() + value.size());
    last = element.data() + element.size();
    joined += std::string(element) + " , ";
  }
  bool again_malformed = false;
  WEIR_ASSERT(elements_of(ListElements(joined), again_malformed) == elements && !again_malformed);

  // Two fields are read like one that joins them.
  std::array<Field, 2> storage;
  Fields fields(storage);
  fields.push("Via", value);
  fields.push("via", joined);
  const auto both = elements_of(ListElements(fields, KnownField::via), again_malformed);
  WEIR_ASSERT(again_malformed == malformed);
  WEIR_ASSERT(malformed || both.size() == 2 * elements.size());
}

void check_name(std::string_view name) {
  if (!is_token(name)) return;
  const KnownField id = known_field(name);
  if (id != KnownField::unknown) WEIR_ASSERT(equal_ignoring_case(name, field_name(id)));
  for (size_t i = 1; i < known_field_count; ++i)
    if (equal_ignoring_case(name, field_name(static_cast<KnownField>(i))))
      WEIR_ASSERT(id == static_cast<KnownField>(i));
}

void check_hop_by_hop(std::string_view connection) {
  std::array<Field, 1> storage;
  Fields fields(storage);
  fields.push("Connection", connection);
  const HopByHop hop(fields);
  ListElements list(fields, KnownField::connection);
  for (std::string_view option; list.next(option);) {
    if (!is_token(option) || equal_ignoring_case(option, "close")) continue;
    const Field listed{option, "", known_field(option)};
    const bool kept = listed.id == KnownField::host || listed.id == KnownField::content_length;
    WEIR_ASSERT(hop(listed) != kept);
  }
}

}  // namespace
}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::wire;
  if (size > 1024) return 0;
  const std::vector<char> bytes(data, data + size);
  const std::string_view text(bytes.data(), bytes.size());
  check_list(text);
  check_name(text);
  // known_field() is for tokens; a parser has refused a Connection of anything else.
  ListElements list(text);
  bool tokens = true;
  for (std::string_view element; list.next(element);)
    tokens &= is_token(element);
  if (tokens && !list.malformed()) check_hop_by_hop(text);
  return 0;
}
