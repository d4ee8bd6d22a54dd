// Searches for answers of a receiver that break the reader of them, or that it reads beyond.

#include "base/assert.h"
#include "otlp/export_response.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::otlp;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const PartialSuccess partial = parse_partial_success(body);
  WEIR_ASSERT(partial.rejected <= INT64_MAX);
  WEIR_ASSERT(partial.message.size() <= size);
  WEIR_ASSERT(parse_error_message(body).size() <= size);
  const auto wait = parse_retry_after(body, weir::WallTime(weir::seconds(784111777)));
  WEIR_ASSERT(!wait || (wait->count() >= 0 && *wait <= weir::hours(24)));
  const auto delay = parse_retry_info(body);
  WEIR_ASSERT(!delay || (delay->count() >= 0 && *delay <= weir::hours(24)));
  return 0;
}
