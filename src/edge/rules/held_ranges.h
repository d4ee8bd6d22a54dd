#pragma once
// HeldRanges: which bytes of a representation a cache has (RFC 9111 3.3, 3.4), and what it has to
// ask for. Ranges in order, apart from each other; at most `held_ranges_max`, then new islands are
// refused.

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
  // From the first byte of `range` that is not here to the last one, islands between them included;
  // nothing: all of it is here.
  std::optional<ByteRange> gap(const ByteRange& range) const;
  std::span<const ByteRange> ranges() const { return {storage_.data(), count_}; }

 private:
  std::array<ByteRange, held_ranges_max> storage_;
  uint8_t count_ = 0;
};

}  // namespace weir::edge
