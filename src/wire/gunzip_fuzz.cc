// Searches for bytes that unpack to more than the bound, or to something else the second time.

#include "base/assert.h"
#include "wire/gunzip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir;
  constexpr size_t bytes_max = 1000;
  const std::string_view packed(reinterpret_cast<const char*>(data), size);
  Buffer out;
  const Result<> done = wire::gunzip(packed, bytes_max, out);
  WEIR_ASSERT(out.size() <= bytes_max);
  if (!done) return 0;
  Buffer again;
  WEIR_ASSERT(wire::gunzip(packed, out.size(), again).has_value());
  WEIR_ASSERT(again.view() == out.view());
  if (out.empty()) return 0;
  Buffer less;
  const Result<> refused = wire::gunzip(packed, out.size() - 1, less);
  WEIR_ASSERT(!refused && refused.error().code == ErrorCode::limit);
  return 0;
}
