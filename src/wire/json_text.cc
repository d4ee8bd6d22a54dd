#include "wire/json_text.h"

#include <algorithm>

#include "wire/scan.h"

namespace weir::wire {
namespace {

// Checks one value; takes what it has checked away from the text.
class Checker {
 public:
  explicit Checker(std::string_view& rest) : rest_(rest) {}

  bool value(int depth) {
    if (rest_.empty() || depth > json_depth_max) return false;
    switch (rest_.front()) {
      case '{':
        return list('}', depth, [this](int inner) { return member(inner); });
      case '[':
        return list(']', depth, [this](int inner) { return value(inner); });
      case '"':
        return string();
      default:
        return word("true") || word("false") || word("null") || number();
    }
  }

 private:
  template <class Item>
  bool list(char end, int depth, Item item) {
    rest_.remove_prefix(1);
    json_detail::skip_space(rest_);
    if (take(end)) return true;
    for (;;) {
      json_detail::skip_space(rest_);
      if (!item(depth + 1)) return false;
      json_detail::skip_space(rest_);
      if (take(end)) return true;
      if (!take(',')) return false;
    }
  }

  bool member(int depth) {
    if (!rest_.starts_with('"') || !string()) return false;
    json_detail::skip_space(rest_);
    if (!take(':')) return false;
    json_detail::skip_space(rest_);
    return value(depth);
  }

  bool string() {
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (static_cast<unsigned char>(c) < 0x20) return false;
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c != 'u') return std::string_view("\"\\/bfnrt").contains(c);
    for (int i = 0; i < 4; ++i, rest_.remove_prefix(1))
      if (rest_.empty() || !is_hex(rest_.front())) return false;
    return true;
  }

  bool number() {
    (void)take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) (void)take('-');
    return digits();
  }

  bool digits() {
    const size_t before = rest_.size();
    while (!rest_.empty() && is_digit(static_cast<unsigned char>(rest_.front())))
      rest_.remove_prefix(1);
    return rest_.size() < before;
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }

  std::string_view& rest_;
};

uint32_t hex_digit(char c) {
  if (c <= '9') return static_cast<uint32_t>(c - '0');
  return static_cast<uint32_t>((c | 0x20) - 'a' + 10);
}

// Of a checked escape, behind its "\u".
uint32_t code_unit(std::string_view digits) {
  uint32_t unit = 0;
  for (int i = 0; i < 4; ++i)
    unit = unit << 4 | hex_digit(digits[static_cast<size_t>(i)]);
  return unit;
}

void append_utf8(std::string& text, uint32_t code) {
  const auto byte = [&text](uint32_t value) { text += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      byte(0xe0 | code >> 12);
    } else {
      byte(0xf0 | code >> 18);
      byte(0x80 | (code >> 12 & 0x3f));
    }
    byte(0x80 | (code >> 6 & 0x3f));
  }
  byte(0x80 | (code & 0x3f));
}

// Takes a "\uXXXX" away, with its second half where it is a pair.
uint32_t take_code_point(std::string_view& rest) {
  const uint32_t unit = code_unit(rest.substr(2));
  rest.remove_prefix(6);
  if (unit < 0xd800 || unit > 0xdfff) return unit;
  if (unit > 0xdbff || !rest.starts_with("\\u")) return 0xfffd;
  const uint32_t low = code_unit(rest.substr(2));
  if (low < 0xdc00 || low > 0xdfff) return 0xfffd;
  rest.remove_prefix(6);
  return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

char unescaped(char c) {
  static constexpr std::string_view names = "bfnrt", bytes = "\b\f\n\r\t";
  const size_t at = names.find(c);
  return at == names.npos ? c : bytes[at];
}

}  // namespace

void json_detail::skip_space(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
}

std::optional<std::string_view> take_json(std::string_view& rest) {
  json_detail::skip_space(rest);
  const std::string_view from = rest;
  if (!Checker(rest).value(0)) return std::nullopt;
  const std::string_view value = from.substr(0, from.size() - rest.size());
  json_detail::skip_space(rest);
  return value;
}

std::optional<std::string> json_string(std::string_view value) {
  if (!value.starts_with('"')) return std::nullopt;
  std::string text;
  std::string_view rest = value.substr(1, value.size() - 2);
  while (!rest.empty()) {
    if (rest.starts_with("\\u")) {
      append_utf8(text, take_code_point(rest));
    } else if (rest.front() == '\\') {
      text += unescaped(rest[1]);
      rest.remove_prefix(2);
    } else {
      text += rest.front();
      rest.remove_prefix(1);
    }
  }
  return text;
}

}  // namespace weir::wire
