// PROXY headers: every proper prefix of an accepted header is incomplete, what follows changes
// nothing, and nothing longer than its bound is accepted.
#include <vector>

#include "base/assert.h"
#include "wire/proxy_protocol.h"

namespace weir::wire {
namespace {

constexpr size_t bytes_max = 300;

ProxyResult parse(std::string_view bytes, ProxyHeader& header) {
  const std::vector<char> block(bytes.begin(), bytes.end());
  return parse_proxy_header({block.data(), block.size()}, bytes_max, header);
}

void check(std::string_view bytes) {
  using Status = ProxyResult::Status;
  ProxyHeader header, again;
  const ProxyResult whole = parse(bytes, header);
  if (whole.status == Status::complete) {
    WEIR_ASSERT(whole.consumed <= bytes.size() && whole.consumed <= bytes_max);
    const ProxyResult exact = parse(bytes.substr(0, whole.consumed), again);
    WEIR_ASSERT(exact.status == Status::complete && exact.consumed == whole.consumed);
    WEIR_ASSERT(again.kind == header.kind && again.source == header.source);
    WEIR_ASSERT(again.destination == header.destination);
  }
  const size_t prefixes = whole.status == Status::complete     ? whole.consumed
                          : whole.status == Status::incomplete ? bytes.size()
                                                               : 0;
  for (size_t size = 0; size < prefixes; ++size)
    WEIR_ASSERT(parse(bytes.substr(0, size), again).status == Status::incomplete);
}

}  // namespace
}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 400) return 0;
  weir::wire::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
