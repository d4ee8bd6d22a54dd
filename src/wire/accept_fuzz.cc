// Accept: weights are within bounds, and naming both types ourselves in front decides.
#include <array>
#include <string>
#include <vector>

#include "base/assert.h"
#include "wire/accept.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::wire;
  if (size > 512) return 0;
  const std::vector<char> bytes(data, data + size);
  const std::string_view text(bytes.data(), bytes.size());
  std::array<Field, 2> storage;
  Fields fields(storage);
  fields.push("Accept", text);
  const int json = accept_weight(fields, "application", "json");
  const int html = accept_weight(fields, "text", "html");
  WEIR_ASSERT(json >= 0 && json <= 1000 && html >= 0 && html <= 1000);
  WEIR_ASSERT(prefers_json(fields) == (json > html));

  Fields decided(storage);
  decided.push("Accept", "application/json;q=0.9, text/html;q=0.8");
  decided.push("Accept", text);
  WEIR_ASSERT(prefers_json(decided));
  return 0;
}
