// Dates: one that is accepted is written in the form of today, and that reads as the same second.
#include <vector>

#include "wire/http_date.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir;
  if (size > 64) return 0;
  const std::vector<char> bytes(data, data + size);
  const std::chrono::sys_seconds now(std::chrono::seconds(1'700'000'000));
  const auto time = wire::parse_http_date({bytes.data(), bytes.size()}, now);
  if (!time) return 0;
  Buffer out;
  wire::append_http_date(out, *time);
  WEIR_ASSERT(out.size() == wire::http_date_size);
  const auto again = wire::parse_http_date(out.view(), now);
  // The leap second at the end of the year 9999 has no form of its own.
  WEIR_ASSERT(again && (*again == *time || out.view().contains("31 Dec 9999 23:59:59")));
  return 0;
}
