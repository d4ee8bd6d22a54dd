#pragma once
// Parts: what is stored of an answer in pieces (206; RFC 9111 3.3, 3.4). Each part is an object of
// its own under the key, immutable; of one variant there are at most
// edge.cache.fill.parts_max, each in a place of its own: a new part takes that of one which it
// covers, a free one, or that of the oldest. The newest part says what the whole is like; an older
// one counts only where a strong validator makes both parts of the same bytes.

#include <array>
#include <optional>
#include <vector>

#include "edge/rules/held_ranges.h"
#include "edge/stored_answer.h"

namespace weir::edge {

// How a larger part, or the whole, is put together.
struct Assembly {
  HeldPart target;               // what comes of it
  std::optional<ByteRange> gap;  // what of that is not here
  std::vector<cache::ObjectRef> parts;

  // Its head speaks for all.
  const cache::Object& newest() const { return *parts.front(); }
  // Nothing: it makes the whole.
  std::optional<HeldPart> part() const {
    return target.range.size() < target.whole_bytes ? std::optional(target) : std::nullopt;
  }
};

// Whether it is a stored part, and no whole answer or mark.
bool is_part(const cache::Object& object);

class Parts {
 public:
  static constexpr size_t most = held_ranges_max;

  // Those that answer a request with these fields; `newest` is what ShardStore::find() gave. Good
  // until the coroutine suspends.
  Parts(const cache::Object* newest, const wire::Fields& request, WallTime now);

  // The newest one that has all of what is asked for; nullptr: none.
  const cache::Object* holding(const RangeSpec& asked) const;
  // How to make what is asked for, or without that the whole; nothing: the parts are of no use.
  std::optional<Assembly> plan(const std::optional<RangeSpec>& asked) const;

  // Where a new part of `variant` goes; below `places`.
  static char place_for(const cache::Object* newest, std::string_view variant,
                        const ByteRange& range, uint32_t places);

 private:
  std::optional<ByteRange> resolve(const std::optional<RangeSpec>& asked) const;
  std::span<const cache::Object* const> all() const { return {storage_.data(), count_}; }

  std::array<const cache::Object*, most> storage_;
  size_t count_ = 0;
  bool strong_ = false;  // what an origin answers can be known to be of the same bytes
};

}  // namespace weir::edge
