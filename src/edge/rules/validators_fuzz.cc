// Preconditions. Lines: ETag, Last-Modified and Date of a stored answer, then If-Match,
// If-None-Match, If-Modified-Since, If-Unmodified-Since and If-Range of a request; an empty line
// leaves the field out. Our own tag put into If-None-Match is always answered 304; a weak tag never
// lets a range through.
#include <array>
#include <string>
#include <vector>

#include "base/assert.h"
#include "edge/rules/validators.h"

namespace weir::edge {
namespace {

constexpr WallTime now{hours(24 * 365 * 56)};

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return wire::trim_ows(line);
}

void push_lines(wire::Fields& fields, std::initializer_list<std::string_view> names,
                std::string_view& text) {
  for (const std::string_view name : names)
    if (const std::string_view line = take_line(text); !line.empty()) fields.push(name, line);
}

void check_tags(const EntityTag& tag) {
  if (!tag.exists()) return;
  WEIR_ASSERT(weakly_equal(tag, tag));
  WEIR_ASSERT(strongly_equal(tag, tag) == (tag.valid && !tag.weak));
  Buffer out;
  append_validation_fields(out, {.tag = tag});
  constexpr std::string_view before = "If-None-Match: ";
  WEIR_ASSERT(out.view().starts_with(before) && out.view().ends_with("\r\n"));
  const std::string_view value = out.view().substr(before.size(), out.size() - before.size() - 2);
  const EntityTag again = parse_entity_tag(value);
  WEIR_ASSERT(again.opaque == tag.opaque && again.weak == tag.weak && again.valid == tag.valid);
}

void check(std::string_view text) {
  std::array<wire::Field, 3> answer_storage;
  std::array<wire::Field, 8> request_storage;
  wire::Fields answer(answer_storage), request(request_storage);
  push_lines(answer, {"ETag", "Last-Modified", "Date"}, text);
  push_lines(request,
             {"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"},
             text);
  const StoredRepresentation stored{200, validators_of(answer), now};
  const PreconditionResult result = evaluate(request, stored, now);
  if (!has_precondition(request))
    WEIR_ASSERT(result.outcome == Precondition::proceed && result.range_applies);
  const EntityTag& tag = stored.validators.tag;
  const bool has_if_range = request.has(wire::KnownField::if_range);
  if (has_if_range && tag.weak && stored.validators.last_modified.empty() &&
      result.outcome == Precondition::proceed)
    WEIR_ASSERT(!result.range_applies);
  WEIR_ASSERT(evaluate(request, {404, stored.validators, now}, now).outcome ==
              Precondition::proceed);
  check_tags(tag);
  WEIR_ASSERT(confirms(answer, stored.validators));
  if (tag.valid) {
    wire::Fields asking(request_storage);
    asking.push("If-None-Match", "\"probe\"");
    asking.push("If-None-Match", tag.opaque);
    WEIR_ASSERT(evaluate(asking, stored, now).outcome == Precondition::not_modified);
  }
  const bool same = same_bytes(stored.validators, stored.validators, now);
  if (tag.exists()) WEIR_ASSERT(same == (tag.valid && !tag.weak));
}

}  // namespace
}  // namespace weir::edge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 1024) return 0;
  const std::vector<char> bytes(data, data + size);
  weir::edge::check(std::string_view(bytes.data(), bytes.size()));
  return 0;
}
