// Trace context: a traceparent of version 00 is written as it was read but for unknown flags; a
// tracestate list that we wrote is valid, holds ours first, and is its own normal form.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "wire/scan.h"
#include "wire/traceparent.h"

namespace weir::wire {
namespace {

void check_traceparent(std::string_view text) {
  const auto context = parse_traceparent(text);
  if (!context) return;
  Buffer out;
  append_traceparent(out, *context);
  WEIR_ASSERT(out.view().substr(2, 51) == text.substr(2, 51));
  const auto again = parse_traceparent(out.view());
  WEIR_ASSERT(again && again->trace == context->trace && again->span == context->span);
  WEIR_ASSERT(again->flags == context->flags);
}

std::string combine(std::string_view value, std::string_view own_key, bool& valid) {
  std::array<Field, 1> storage;
  Fields fields(storage);
  fields.push("tracestate", value);
  Buffer out;
  valid = append_tracestate(out, {fields, KnownField::tracestate}, own_key, "own");
  return std::string(out.view());
}

void check_tracestate(std::string_view value) {
  bool valid = false, again_valid = false;
  const std::string bare = combine(value, "", valid);
  WEIR_ASSERT(valid || bare.empty());
  WEIR_ASSERT(combine(bare, "", again_valid) == bare && again_valid);
  const std::string with_own = combine(value, "weir", valid);
  WEIR_ASSERT(with_own.starts_with("weir=own"));
  WEIR_ASSERT(combine(with_own, "weir", again_valid) == with_own && again_valid);
  WEIR_ASSERT(std::ranges::count(with_own, ',') < static_cast<long>(tracestate_members_max));
}

}  // namespace
}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 2048) return 0;
  const std::vector<char> bytes(data, data + size);
  weir::wire::check_traceparent({bytes.data(), bytes.size()});
  weir::wire::check_tracestate({bytes.data(), bytes.size()});
  return 0;
}
