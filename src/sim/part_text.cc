#include "sim/part_text.h"

#include <algorithm>

#include "base/units.h"

namespace weir::sim {
namespace {

std::optional<uint64_t> number(std::string_view text) {
  const auto value = parse_u64(text);
  return value ? std::optional(*value) : std::nullopt;
}

}  // namespace

std::optional<Span> span_of(std::string_view range, uint64_t length) {
  if (!range.starts_with("bytes=") || length == 0) return std::nullopt;
  range.remove_prefix(6);
  const size_t dash = range.find('-');
  if (dash == range.npos) return std::nullopt;
  const auto first = number(range.substr(0, dash)), last = number(range.substr(dash + 1));
  if (dash == 0) {
    if (!last || *last == 0) return std::nullopt;
    return Span{length - std::min(*last, length), length - 1};
  }
  if (!first || *first >= length || (last && *last < *first)) return std::nullopt;
  return Span{*first, std::min(last.value_or(length - 1), length - 1)};
}

std::string content_range(Span span, uint64_t length) {
  return "bytes " + std::to_string(span.first) + "-" + std::to_string(span.last) + "/" +
         std::to_string(length);
}

std::optional<Span> span_in(std::string_view content_range) {
  const size_t slash = content_range.find('/');
  if (!content_range.starts_with("bytes ") || slash == content_range.npos) return std::nullopt;
  const std::string_view span = content_range.substr(6, slash - 6);
  const size_t dash = span.find('-');
  if (dash == span.npos) return std::nullopt;
  const auto first = number(span.substr(0, dash)), last = number(span.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return Span{*first, *last};
}

}  // namespace weir::sim
