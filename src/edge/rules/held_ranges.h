#pragma once
// HeldRanges: which bytes of a representation a cache has (RFC 9111 3.3, 3.4). Ranges in order,
// apart from each other; at most `held_ranges_max`, then new islands are refused.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "edge/rules/byte_range.h"

namespace weir::edge {

inline constexpr size_t held_ranges_max = 32;

class HeldRanges {
 public:
  // Joins it with what it touches. False, and unchanged, when there is no room for one more.
  bool add(ByteRange range);
  bool covers(const ByteRange& range) const;
  // The first part of `range` that is not here.
  std::optional<ByteRange> missing(const ByteRange& range) const;
  std::span<const ByteRange> ranges() const { return {storage_.data(), count_}; }
  uint64_t bytes() const;

 private:
  std::array<ByteRange, held_ranges_max> storage_;
  uint8_t count_ = 0;
};

}  // namespace weir::edge
