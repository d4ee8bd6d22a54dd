#include "edge/parts.h"

#include <bitset>

#include "edge/rules/vary.h"

namespace weir::edge {
namespace {

constexpr char first_place = '0';

Validators validators(const cache::Object& object) {
  return StoredAnswer::representation(object).validators;
}

bool is_here(const cache::Object& part) {
  const cache::Body& body = part.body();
  return body.state() == cache::BodyState::complete && !body.given_up();
}

}  // namespace

bool is_part(const cache::Object& object) {
  return object.kind() == cache::ObjectKind::answer && StoredAnswer::of(object).is_part();
}

Parts::Parts(const cache::Object* newest, const wire::Fields& request, WallTime now) {
  Buffer wanted;
  const cache::Object* computed = nullptr;  // the part whose Vary `wanted` is for
  for (const cache::Object* each = newest; each && count_ < most; each = each->next_variant()) {
    if (!is_part(*each)) continue;
    if (!computed || StoredAnswer::vary(*each) != StoredAnswer::vary(*computed)) {
      wanted.clear();
      if (!append_variant_key(wanted, StoredAnswer::vary(*each), request)) continue;
      computed = each;
    }
    if (StoredAnswer::variant(*each) != wanted.view()) continue;
    if (count_ == 0) {
      strong_ = same_bytes(validators(*each), validators(*each), now);
    } else if (StoredAnswer::of(*each).whole_bytes != StoredAnswer::of(*storage_[0]).whole_bytes ||
               !same_bytes(validators(*storage_[0]), validators(*each), now)) {
      continue;
    }
    storage_[count_++] = each;
  }
}

std::optional<ByteRange> Parts::resolve(const std::optional<RangeSpec>& asked) const {
  if (count_ == 0) return std::nullopt;
  const uint64_t bytes = StoredAnswer::of(*storage_[0]).whole_bytes;
  return asked ? asked->resolve(bytes) : ByteRange{0, bytes - 1};
}

const cache::Object* Parts::holding(const RangeSpec& asked) const {
  const std::optional<ByteRange> range = resolve(asked);
  if (!range) return nullptr;
  for (const cache::Object* each : all())
    if (StoredAnswer::of(*each).part.contains(*range)) return each;
  return nullptr;
}

std::optional<Assembly> Parts::plan(const std::optional<RangeSpec>& asked) const {
  const std::optional<ByteRange> range = resolve(asked);
  if (!range) return std::nullopt;
  Assembly assembly{.target = {*range, StoredAnswer::of(*storage_[0]).whole_bytes}};
  HeldRanges held;
  for (const cache::Object* each : all()) {
    if (is_here(*each) && !held.add(StoredAnswer::of(*each).part)) break;
    assembly.parts.emplace_back(*each);
  }
  assembly.gap = held.gap(*range);
  // Where not a byte of a part is here, the parts still have the head that the answer may lack.
  const bool adds = asked || assembly.gap != range;
  return !assembly.gap || (strong_ && adds) ? std::optional(std::move(assembly)) : std::nullopt;
}

char Parts::place_for(const cache::Object* newest, std::string_view variant, const ByteRange& range,
                      uint32_t places) {
  std::bitset<most> taken;
  char oldest = first_place;
  for (const cache::Object* each = newest; each; each = each->next_variant()) {
    if (!is_part(*each) || StoredAnswer::variant(*each) != variant) continue;
    oldest = each->variant().back();
    if (range.contains(StoredAnswer::of(*each).part)) return oldest;
    taken.set(static_cast<size_t>(oldest - first_place) % most);
  }
  for (size_t place = 0; place < places; ++place)
    if (!taken[place]) return static_cast<char>(first_place + static_cast<char>(place));
  return oldest;
}

}  // namespace weir::edge
