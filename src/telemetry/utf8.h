#pragma once
// UTF-8 for label values and attributes, which exporters must write as valid text.

#include <cstdint>
#include <span>
#include <string_view>

namespace weir::telemetry {

bool valid_utf8(std::string_view text);

// Copies `text` into `buffer`: each byte that is not part of valid UTF-8 becomes '?', and what does
// not fit is left out at a character's edge.
std::string_view to_valid_utf8(std::string_view text, std::span<char> buffer);

}  // namespace weir::telemetry
