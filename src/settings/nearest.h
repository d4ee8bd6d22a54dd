#pragma once
// nearest(): the known name that somebody who wrote an unknown one probably meant.

#include <span>
#include <string>
#include <string_view>

namespace weir::settings {

// The candidate with the smallest edit distance to `word`, or "" when none is close: more than a
// third of the word would have to change, and more than two letters. Words beyond 128 bytes have no
// near ones.
std::string_view nearest(std::string_view word, std::span<const std::string> candidates);

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal
// string alignment). O(|a| * |b|).
size_t edit_distance(std::string_view a, std::string_view b);

// "; did you mean X?", or "" for an empty name. The end of a message about an unknown name.
std::string did_you_mean(std::string_view name);

}  // namespace weir::settings
