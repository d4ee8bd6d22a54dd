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

bool HeldRanges::covers(const ByteRange& range) const {
  return std::ranges::any_of(ranges(), [&](const ByteRange& held) { return held.contains(range); });
}

std::optional<ByteRange> HeldRanges::missing(const ByteRange& range) const {
  uint64_t from = range.first;
  for (const ByteRange& held : ranges()) {
    if (held.last < from) continue;
    if (held.first > from) return ByteRange{from, std::min(range.last, held.first - 1)};
    if (held.last >= range.last) return std::nullopt;
    from = held.last + 1;
  }
  return ByteRange{from, range.last};
}

uint64_t HeldRanges::bytes() const {
  uint64_t sum = 0;
  for (const ByteRange& held : ranges())
    sum += held.size();
  return sum;
}

}  // namespace weir::edge
