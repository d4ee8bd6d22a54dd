// Baggage: what is passed on is bounded, well-formed, and its own normal form.
#include <array>
#include <vector>

#include "wire/baggage.h"

namespace weir::wire {
namespace {

size_t pass(Buffer& out, std::string_view first, std::string_view second) {
  std::array<Field, 2> storage;
  Fields fields(storage);
  fields.push("baggage", first);
  fields.push("baggage", second);
  return append_baggage(out, {fields, KnownField::baggage});
}

}  // namespace
}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::wire;
  const std::vector<char> bytes(data, data + size);
  const std::string_view text(bytes.data(), bytes.size());
  weir::Buffer out, again;
  (void)pass(out, text.substr(0, size / 2), text.substr(size / 2));
  WEIR_ASSERT(out.size() <= baggage_bytes_max);
  WEIR_ASSERT(pass(again, out.view(), "") == 0);
  WEIR_ASSERT(again.view() == out.view());
  return 0;
}
