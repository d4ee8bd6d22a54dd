// The ot member of tracestate: what is written is bounded, reads as it was, and is its own normal
// form.
#include <cstddef>
#include <string>

#include "wire/ot_state.h"
#include "wire/traceparent.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::wire;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const OtState state = parse_ot_state(text);
  weir::Buffer out, again;
  append_ot_state(out, state, text);
  WEIR_ASSERT(out.size() <= ot_value_bytes_max);
  WEIR_ASSERT(parse_ot_state(out.view()) == state);
  append_ot_state(again, state, out.view());
  WEIR_ASSERT(again.view() == out.view());
  if (is_tracestate_value(text) && !out.empty()) WEIR_ASSERT(is_tracestate_value(out.view()));
  return 0;
}
