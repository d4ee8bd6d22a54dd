#include "wire/ot_state.h"

#include <algorithm>
#include <array>

#include "wire/scan.h"

namespace weir::wire {
namespace {

constexpr size_t digits_max = 14;
constexpr int bits = 56;
constexpr ByteSet key_bytes =
    make_byte_set([](unsigned char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); });
constexpr ByteSet value_bytes = make_byte_set([](unsigned char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
         c == '-';
});

std::optional<uint64_t> parse_digits(std::string_view text) {
  if (text.empty() || text.size() > digits_max) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    const bool letter = c >= 'a' && c <= 'f';
    if (!letter && !is_digit(static_cast<unsigned char>(c))) return std::nullopt;
    value = value << 4 | static_cast<uint64_t>(letter ? c - 'a' + 10 : c - '0');
  }
  return value << 4 * (digits_max - text.size());
}

// The well-formed subkeys one after the other, as "key:value".
template <class Visit>
void each_subkey(std::string_view value, Visit visit) {
  while (!value.empty()) {
    const size_t end = std::min(value.find(';'), value.size());
    const std::string_view subkey = value.substr(0, end);
    const size_t colon = subkey.find(':');
    value.remove_prefix(std::min(end + 1, value.size()));
    if (colon == subkey.npos || colon == 0) continue;
    const std::string_view key = subkey.substr(0, colon), rest = subkey.substr(colon + 1);
    if (all_of(key_bytes, key) && all_of(value_bytes, rest)) visit(subkey, key, rest);
  }
}

class Writer {
 public:
  explicit Writer(Buffer& out) : out_(out), begin_(out.size()) {}

  void add(std::string_view text) {
    const size_t size = out_.size() - begin_;
    if (size + 1 + text.size() > ot_value_bytes_max) return;
    if (size > 0) out_.append(';');
    out_.append(text);
  }
  void add_digits(std::string_view key, uint64_t value, bool strip) {
    std::array<char, 3 + digits_max> text;
    size_t size = key.copy(text.data(), key.size());
    for (int shift = bits - 4; shift >= 0; shift -= 4)
      text[size++] = "0123456789abcdef"[value >> shift & 15];
    while (strip && size > key.size() + 1 && text[size - 1] == '0')
      --size;
    add({text.data(), size});
  }

 private:
  Buffer& out_;
  size_t begin_;
};

}  // namespace

OtState parse_ot_state(std::string_view value) {
  OtState state;
  each_subkey(value, [&](std::string_view, std::string_view key, std::string_view digits) {
    if (key == "th") state.threshold = parse_digits(digits);
    if (key == "rv" && digits.size() == digits_max) state.randomness = parse_digits(digits);
  });
  return state;
}

void append_ot_state(Buffer& out, const OtState& state, std::string_view before) {
  Writer writer(out);
  if (state.threshold) writer.add_digits("th:", *state.threshold, true);
  if (state.randomness) writer.add_digits("rv:", *state.randomness, false);
  each_subkey(before, [&](std::string_view subkey, std::string_view key, std::string_view) {
    if (key != "th" && key != "rv") writer.add(subkey);
  });
}

}  // namespace weir::wire
