// Responses: pieces read like the whole, and what is accepted is written again as a message that
// reads the same. The first byte chooses the method that was asked with.
#include <array>
#include <vector>

#include "wire/http1_response.h"
#include "wire/http1_write.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

constexpr HeadLimits limits{
    .line_bytes_max = 200, .head_bytes_max = 1000, .field_bytes_max = 300, .fields_max = 20};

void check_written_again(const ResponseHead& head, RequestMethod method) {
  if (head.minor_version == 0) return;
  Buffer out;
  append_status_line(out, head.status, head.reason);
  for (const Field& field : head.fields)
    append_field(out, field);
  end_head(out);
  std::array<Field, 20> storage;
  ResponseHead again(storage);
  const HeadResult result = parse_response_head(out.view(), 0, {}, method, again);
  WEIR_ASSERT(result.complete() && result.bytes == out.size());
  WEIR_ASSERT(again.status == head.status && again.keep_alive == head.keep_alive);
  WEIR_ASSERT(again.framing.kind == head.framing.kind);
  WEIR_ASSERT(again.framing.length == head.framing.length);
  WEIR_ASSERT(again.fields.size() == head.fields.size());
}

// The first answer that is not `incomplete` when the bytes come one by one, each time in an exact
// block.
HeadResult feed(std::string_view bytes, RequestMethod method) {
  std::array<Field, 20> storage;
  ResponseHead head(storage);
  HeadResult result;
  for (size_t size = 1; size <= bytes.size() && result.incomplete(); ++size) {
    const std::vector<char> block(bytes.begin(), bytes.begin() + size);
    result = parse_response_head({block.data(), size}, result.bytes, limits, method, head);
  }
  return result;
}

void check(std::string_view bytes, RequestMethod method) {
  std::array<Field, 20> storage;
  ResponseHead head(storage);
  const HeadResult whole = parse_response_head(bytes, 0, limits, method, head);
  const HeadResult fed = feed(bytes, method);
  WEIR_ASSERT(fed.complete() == whole.complete());
  if (!whole.complete()) return;
  WEIR_ASSERT(fed.bytes == whole.bytes);
  WEIR_ASSERT(head.status >= 100 && head.status <= 999);
  WEIR_ASSERT(head.framing.kind != BodyFraming::Kind::until_close || !head.keep_alive);
  WEIR_ASSERT(method != RequestMethod::head || head.framing.kind == BodyFraming::Kind::none);
  check_written_again(head, method);
}

}  // namespace
}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::wire;
  if (size == 0 || size > 1200) return 0;
  const std::vector<char> bytes(data + 1, data + size);
  check({bytes.data(), bytes.size()}, data[0] == 'H' ? RequestMethod::head : RequestMethod::get);
  return 0;
}
