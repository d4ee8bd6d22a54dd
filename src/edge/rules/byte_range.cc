#include "edge/rules/byte_range.h"

#include <algorithm>

#include "wire/http1_write.h"
#include "wire/scan.h"

namespace weir::edge {
namespace {

using wire::KnownField;

constexpr std::string_view unit = "bytes";

// 1*DIGIT; what does not fit counts as the largest number.
std::optional<uint64_t> parse_position(std::string_view text) {
  if (text.empty()) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (!wire::is_digit(static_cast<unsigned char>(c))) return std::nullopt;
    const auto digit = static_cast<uint64_t>(c - '0');
    value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
  }
  return value;
}

// RFC 9110 14.1.1: first "-" [last] / "-" suffix.
std::optional<RangeSpec> parse_spec(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const std::string_view before = text.substr(0, dash), behind = text.substr(dash + 1);
  RangeSpec spec{parse_position(before), parse_position(behind)};
  if (!before.empty() && !spec.first) return std::nullopt;
  if (!behind.empty() && !spec.last) return std::nullopt;
  if (!spec.first && !spec.last) return std::nullopt;
  if (spec.first && spec.last && *spec.last < *spec.first) return std::nullopt;
  return spec;
}

// Behind "bytes="; empty when the field is not there once, or in another unit.
std::string_view range_set(const wire::Fields& request) {
  const wire::Field* field = request.find(KnownField::range);
  if (!field || request.repeated(KnownField::range)) return {};
  const std::string_view value = field->value;
  if (value.size() <= unit.size() || value[unit.size()] != '=') return {};
  if (!wire::equal_ignoring_case(value.substr(0, unit.size()), unit)) return {};
  return value.substr(unit.size() + 1);
}

bool touches(const ByteRange& a, const ByteRange& b) {
  const bool apart =
      (a.last < b.first && b.first - a.last > 1) || (b.last < a.first && a.first - b.last > 1);
  return !apart;
}

// False when there is no room.
bool add_joined(RangeSelection& selection, ByteRange range) {
  size_t kept = 0, place = selection.count;
  for (size_t i = 0; i < selection.count; ++i) {
    const ByteRange& other = selection.storage[i];
    if (!touches(other, range)) {
      selection.storage[kept++] = other;
      continue;
    }
    range = {std::min(range.first, other.first), std::max(range.last, other.last)};
    place = std::min(place, kept);
  }
  place = std::min(place, kept);
  if (kept == selection.storage.size()) return false;
  const auto begin = selection.storage.begin();
  std::copy_backward(begin + static_cast<std::ptrdiff_t>(place),
                     begin + static_cast<std::ptrdiff_t>(kept),
                     begin + static_cast<std::ptrdiff_t>(kept + 1));
  selection.storage[place] = range;
  selection.count = static_cast<uint8_t>(kept + 1);
  return true;
}

}  // namespace

std::optional<ByteRange> RangeSpec::resolve(uint64_t length) const {
  if (!first) {
    if (*last == 0 || length == 0) return std::nullopt;
    return ByteRange{length - std::min(*last, length), length - 1};
  }
  if (*first >= length) return std::nullopt;
  return ByteRange{*first, std::min(last.value_or(length - 1), length - 1)};
}

void append_range(Buffer& out, const RangeSpec& spec) {
  out.append("bytes=");
  if (spec.first) wire::append_decimal(out, *spec.first);
  out.append('-');
  if (spec.last) wire::append_decimal(out, *spec.last);
}

std::optional<RangeSpec> single_range(const wire::Fields& request) {
  wire::ListElements list(range_set(request));
  std::string_view only, second;
  if (!list.next(only) || list.next(second) || list.malformed()) return std::nullopt;
  return parse_spec(only);
}

RangeSelection select_ranges(const wire::Fields& request, uint64_t length) {
  static constexpr RangeSelection whole;
  RangeSelection selection;
  size_t looked_at = 0;
  wire::ListElements list(range_set(request));
  for (std::string_view element; list.next(element);) {
    const auto spec = parse_spec(element);
    if (!spec || ++looked_at > requested_ranges_max) return whole;
    const auto range = spec->resolve(length);
    if (range && !add_joined(selection, *range)) return whole;
  }
  if (looked_at == 0 || list.malformed()) return whole;
  selection.kind =
      selection.count > 0 ? RangeSelection::Kind::partial : RangeSelection::Kind::unsatisfiable;
  return selection;
}

std::optional<ContentRange> parse_content_range(std::string_view value) {
  if (value.size() <= unit.size() || value[unit.size()] != ' ') return std::nullopt;
  if (!wire::equal_ignoring_case(value.substr(0, unit.size()), unit)) return std::nullopt;
  value.remove_prefix(unit.size() + 1);
  const size_t dash = value.find('-'), slash = value.find('/');
  if (dash == value.npos || slash == value.npos || slash < dash) return std::nullopt;
  const auto first = parse_position(value.substr(0, dash));
  const auto last = parse_position(value.substr(dash + 1, slash - dash - 1));
  const std::string_view whole = value.substr(slash + 1);
  const auto length = parse_position(whole);
  if (!first || !last || *last < *first || *last == UINT64_MAX) return std::nullopt;
  if (whole != "*" && (!length || *length <= *last)) return std::nullopt;
  return ContentRange{{*first, *last}, length};
}

std::optional<HeldPart> part_in(const wire::ResponseHead& answer) {
  if (answer.status != 206 || answer.fields.repeated(KnownField::content_range))
    return std::nullopt;
  const auto said = parse_content_range(answer.fields.value(KnownField::content_range));
  if (!said || !said->length) return std::nullopt;
  using Kind = wire::BodyFraming::Kind;
  const wire::BodyFraming& framing = answer.framing;
  if (framing.kind == Kind::none) return std::nullopt;
  if (framing.kind == Kind::content_length && framing.length != said->range.size())
    return std::nullopt;
  return HeldPart{said->range, *said->length};
}

void append_content_range(Buffer& out, const ByteRange& range, uint64_t length) {
  out.append("bytes ");
  wire::append_decimal(out, range.first);
  out.append('-');
  wire::append_decimal(out, range.last);
  out.append('/');
  wire::append_decimal(out, length);
}

void append_unsatisfied_range(Buffer& out, uint64_t length) {
  out.append("bytes */");
  wire::append_decimal(out, length);
}

void MultipartRanges::append_part_head(Buffer& out, const ByteRange& range) const {
  out.append("\r\n--");
  out.append(boundary);
  out.append("\r\n");
  if (!content_type.empty()) wire::append_field(out, "Content-Type", content_type);
  out.append("Content-Range: ");
  append_content_range(out, range, length);
  out.append("\r\n\r\n");
}

void MultipartRanges::append_end(Buffer& out) const {
  out.append("\r\n--");
  out.append(boundary);
  out.append("--\r\n");
}

uint64_t MultipartRanges::size(std::span<const ByteRange> ranges) const {
  Buffer heads;
  uint64_t bytes = 0;
  for (const ByteRange& range : ranges) {
    append_part_head(heads, range);
    bytes += range.size();
  }
  append_end(heads);
  return bytes + heads.size();
}

}  // namespace weir::edge
