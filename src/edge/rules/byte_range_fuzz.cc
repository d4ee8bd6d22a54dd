// Range and Content-Range. The first byte gives the length, the rest is the value. Selected ranges
// lie inside, apart from each other, and are never more than allowed; what is written is read
// again.
#include <array>
#include <string>
#include <vector>

#include "base/assert.h"
#include "edge/rules/held_ranges.h"

namespace weir::edge {
namespace {

// A range as we ask an origin for it is the one that was read.
void check_asked_again(const RangeSpec& spec) {
  Buffer out;
  append_range(out, spec);
  std::array<wire::Field, 1> storage;
  wire::Fields request(storage);
  request.push("Range", out.view());
  const auto again = single_range(request);
  WEIR_ASSERT(again && again->first == spec.first && again->last == spec.last);
}

void check_selection(std::string_view value, uint64_t length) {
  std::array<wire::Field, 1> storage;
  wire::Fields request(storage);
  request.push("Range", value);
  const RangeSelection selection = select_ranges(request, length);
  const auto ranges = selection.ranges();
  WEIR_ASSERT(ranges.empty() == (selection.kind != RangeSelection::Kind::partial));
  uint64_t sum = 0;
  HeldRanges held;
  for (size_t i = 0; i < ranges.size(); ++i) {
    WEIR_ASSERT(ranges[i].first <= ranges[i].last && ranges[i].last < length);
    for (size_t j = 0; j < i; ++j)
      WEIR_ASSERT(ranges[i].last < ranges[j].first || ranges[j].last < ranges[i].first);
    sum += ranges[i].size();
    WEIR_ASSERT(held.add(ranges[i]) && !held.gap(ranges[i]));
    Buffer out;
    append_content_range(out, ranges[i], length);
    const auto again = parse_content_range(out.view());
    WEIR_ASSERT(again && again->range == ranges[i] && again->length == length);
  }
  WEIR_ASSERT(sum <= length && held.ranges().size() == ranges.size());
  if (const auto single = single_range(request)) {
    const auto range = single->resolve(length);
    WEIR_ASSERT(range.has_value() == (selection.kind == RangeSelection::Kind::partial));
    if (range) WEIR_ASSERT(ranges.size() == 1 && ranges[0] == *range);
    check_asked_again(*single);
  }
  const MultipartRanges parts{"b", "t", length};
  if (!ranges.empty()) WEIR_ASSERT(parts.size(ranges) > sum);
}

}  // namespace
}  // namespace weir::edge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::edge;
  if (size == 0 || size > 1024) return 0;
  const std::vector<char> bytes(data + 1, data + size);
  const std::string_view text(bytes.data(), bytes.size());
  check_selection(text, data[0]);
  check_selection(text, uint64_t{data[0]} << 56 | 1);
  if (const auto content = parse_content_range(text)) {
    WEIR_ASSERT(content->range.first <= content->range.last);
    WEIR_ASSERT(!content->length || content->range.last < *content->length);
  }
  return 0;
}
