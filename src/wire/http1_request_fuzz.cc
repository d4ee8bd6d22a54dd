// Requests: a prefix never ends elsewhere than the whole, pieces read like the whole, and what is
// accepted is written again as a message that reads the same.
#include <array>
#include <vector>

#include "wire/http1_request.h"
#include "wire/http1_write.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

constexpr HeadLimits limits{
    .line_bytes_max = 200, .head_bytes_max = 1000, .field_bytes_max = 300, .fields_max = 20};

struct Parsed {
  std::array<Field, 20> storage;
  RequestHead head{storage};
  HeadResult result;

  // From an exact block, so that a sanitizer sees a read outside it.
  Parsed(const std::vector<char>& bytes, size_t scanned) {
    result = parse_request_head({bytes.data(), bytes.size()}, scanned, limits, head);
  }
};

// What must hold of a head that was accepted.
void check_accepted(const RequestHead& head) {
  WEIR_ASSERT(is_token(head.method_text));
  WEIR_ASSERT(!head.target.empty() && all_of(target_bytes, head.target));
  WEIR_ASSERT(head.minor_version == 0 || !head.host.host.empty());
  WEIR_ASSERT(head.form == TargetForm::authority || !head.path.empty());
  const bool length = head.fields.has(KnownField::content_length);
  const bool coding = head.fields.has(KnownField::transfer_encoding);
  WEIR_ASSERT(!(length && coding));
  WEIR_ASSERT(length == (head.framing.kind == BodyFraming::Kind::content_length));
  WEIR_ASSERT(coding == (head.framing.kind == BodyFraming::Kind::chunked));
  for (const Field& field : head.fields) {
    WEIR_ASSERT(is_token(field.name) && is_field_value(field.value));
    WEIR_ASSERT(field.id == KnownField::unknown ||
                equal_ignoring_case(field.name, field_name(field.id)));
  }
}

void check_written_again(const RequestHead& head) {
  if (head.minor_version == 0) return;  // we write HTTP/1.1, which asks for more
  Buffer out;
  append_request_line(out, head.method_text, head.target);
  for (const Field& field : head.fields)
    append_field(out, field);
  end_head(out);
  // Normal spacing may be longer than the original: no limits here.
  std::array<Field, 20> storage;
  RequestHead again(storage);
  const HeadResult result = parse_request_head(out.view(), 0, {}, again);
  WEIR_ASSERT(result.complete() && result.bytes == out.size());
  WEIR_ASSERT(again.target == head.target && again.path == head.path && again.query == head.query);
  WEIR_ASSERT(again.host.text == head.host.text && again.keep_alive == head.keep_alive);
  WEIR_ASSERT(again.framing.kind == head.framing.kind);
  WEIR_ASSERT(again.framing.length == head.framing.length);
  WEIR_ASSERT(again.fields.size() == head.fields.size());
  for (size_t i = 0; i < head.fields.size(); ++i)
    WEIR_ASSERT(again.fields[i].name == head.fields[i].name &&
                again.fields[i].value == head.fields[i].value);
}

// The first answer that is not `incomplete` when the bytes come one by one.
HeadResult feed(const std::vector<char>& bytes) {
  HeadResult result;
  for (size_t size = 1; size <= bytes.size() && result.incomplete(); ++size)
    result =
        Parsed({bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)}, result.bytes).result;
  return result;
}

}  // namespace
}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::wire;
  if (size > 1200) return 0;
  const std::vector<char> bytes(data, data + size);
  const Parsed whole(bytes, 0);
  const HeadResult fed = feed(bytes);
  if (whole.result.complete()) {
    WEIR_ASSERT(fed.complete() && fed.bytes == whole.result.bytes);
    check_accepted(whole.head);
    check_written_again(whole.head);
  } else {
    // Byte by byte a fault may be seen only at the end of the head, but nothing is accepted.
    WEIR_ASSERT(!fed.complete());
    if (whole.result.incomplete()) WEIR_ASSERT(!fed.malformed() || bytes.size() > 200);
  }
  return 0;
}
