// JsonText: what was taken is valid by itself, and its parts are.
#include <vector>

#include "base/assert.h"
#include "wire/json_text.h"

namespace weir::wire {
namespace {

void check(std::string_view value) {
  std::string_view rest = value;
  WEIR_ASSERT(take_json(rest) == value && rest.empty());
  if (const auto text = json_string(value)) WEIR_ASSERT(text->size() <= 3 * value.size());
  each_json_element(value, [](std::string_view element) { check(element); });
  each_json_member(value, [](std::string_view name, std::string_view member) {
    WEIR_ASSERT(json_string(name).has_value());
    check(member);
  });
}

}  // namespace
}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A value is looked at once for each level above it.
  if (size > 4096) return 0;
  const std::vector<char> bytes(data, data + size);
  std::string_view text(bytes.data(), bytes.size());
  if (const auto value = weir::wire::take_json(text)) weir::wire::check(*value);
  return 0;
}
