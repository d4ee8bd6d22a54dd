#include "edge/rules/held_ranges.h"

#include <algorithm>

namespace weir::edge {

bool HeldRanges::add(ByteRange range) {
  const auto held = std::span(storage_).first(count_);
  // Those that end before it, with a gap; then those that it joins.
  const auto apart = [&](const ByteRange& other) {
    return other.last < range.first && range.first - other.last > 1;
  };
  const auto reached = [&](const ByteRange& other) {
    return other.first <= range.last || other.first - range.last == 1;
  };
  const auto from = std::ranges::find_if_not(held, apart);
  const auto to = std::find_if_not(from, held.end(), reached);
  if (from == to) {
    if (count_ == storage_.size()) return false;
    ++count_;
    std::move_backward(from, held.end(), held.end() + 1);
    *from = range;
    return true;
  }
  *from = {std::min(range.first, from->first), std::max(range.last, (to - 1)->last)};
  std::move(to, held.end(), from + 1);
  count_ = static_cast<uint8_t>(count_ - (to - from - 1));
  return true;
}

std::optional<ByteRange> HeldRanges::gap(const ByteRange& range) const {
  const auto holding = [this](uint64_t at) {
    return std::ranges::find_if(
        ranges(), [at](const ByteRange& held) { return held.first <= at && at <= held.last; });
  };
  ByteRange missing = range;
  if (const auto held = holding(range.first); held != ranges().end()) {
    if (held->last >= range.last) return std::nullopt;
    missing.first = held->last + 1;
  }
  if (const auto held = holding(range.last); held != ranges().end()) missing.last = held->first - 1;
  return missing;
}

}  // namespace weir::edge
