#include "telemetry/utf8.h"

#include <cstring>

namespace weir::telemetry {

namespace {

// Length of the valid character at the start of `text` (RFC 3629), 0 when there is none.
size_t character_bytes(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  const bool overlong = (first == 0xe0 && at(1) < 0xa0) || (first == 0xf0 && at(1) < 0x90);
  const bool surrogate = first == 0xed && at(1) > 0x9f;
  const bool too_high = first == 0xf4 && at(1) > 0x8f;
  return overlong || surrogate || too_high ? 0 : length;
}

}  // namespace

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = character_bytes(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string_view to_valid_utf8(std::string_view text, std::span<char> buffer) {
  size_t size = 0;
  while (!text.empty()) {
    const size_t valid = character_bytes(text);
    const size_t length = valid == 0 ? 1 : valid;
    if (size + length > buffer.size()) break;
    if (valid == 0)
      buffer[size] = '?';
    else
      std::memcpy(buffer.data() + size, text.data(), length);
    size += length;
    text.remove_prefix(length);
  }
  return {buffer.data(), size};
}

}  // namespace weir::telemetry
