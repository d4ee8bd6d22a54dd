#include "wire/json_writer.h"

#include <charconv>
#include <cmath>

#include "wire/scan.h"

namespace weir::wire {
namespace {

// What stands in a JSON string as it is and needs no look at its neighbours.
constexpr ByteSet plain_bytes =
    make_byte_set([](unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });

constexpr std::string_view replacement = "\xef\xbf\xbd";

// The well-formed sequences by their first byte (Unicode, table 3-7): how many bytes follow, and in
// what range the second lies.
struct Lead {
  unsigned following = 0;
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xbf;
};

Lead lead_of(unsigned char first) {
  if (first >= 0xc2 && first <= 0xdf) return {1};
  if (first == 0xe0) return {2, 0xa0, 0xbf};
  if (first == 0xed) return {2, 0x80, 0x9f};
  if (first >= 0xe1 && first <= 0xef) return {2};
  if (first == 0xf0) return {3, 0x90, 0xbf};
  if (first >= 0xf1 && first <= 0xf3) return {3};
  if (first == 0xf4) return {3, 0x80, 0x8f};
  return {};
}

// Writes the sequence at the start of `text`, or U+FFFD for as much of one as is there, and takes
// it off `text`: at least one byte.
char* write_sequence(char* at, std::string_view& text) {
  const Lead lead = lead_of(static_cast<unsigned char>(text[0]));
  size_t size = 1;
  for (; size <= lead.following && size < text.size(); ++size) {
    const auto c = static_cast<unsigned char>(text[size]);
    const bool fits = size == 1 ? c >= lead.second_min && c <= lead.second_max : (c & 0xc0) == 0x80;
    if (!fits) break;
  }
  const bool whole = lead.following > 0 && size == lead.following + 1;
  const std::string_view written = whole ? text.substr(0, size) : replacement;
  text.remove_prefix(size);
  return at + written.copy(at, written.size());
}

char* write_escape(char* at, char c) {
  constexpr std::string_view named = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
  *at++ = '\\';
  if (const size_t name = named.find(c); name != std::string_view::npos) {
    *at++ = letters[name];
    return at;
  }
  constexpr char digits[] = "0123456789abcdef";
  const char escape[] = {'u', '0', '0', digits[c >> 4 & 15], digits[c & 15]};
  std::memcpy(at, escape, sizeof escape);
  return at + sizeof escape;
}

// Not all of `text` is plain.
[[gnu::noinline]] char* write_escaped(char* at, std::string_view text) {
  for (;;) {
    const size_t plain = span_of(plain_bytes, text);
    if (plain > 0) std::memcpy(at, text.data(), plain);
    at += plain;
    text.remove_prefix(plain);
    if (text.empty()) return at;
    if (static_cast<unsigned char>(text[0]) >= 0x80) {
      at = write_sequence(at, text);
    } else {
      at = write_escape(at, text[0]);
      text.remove_prefix(1);
    }
  }
}

}  // namespace

char* write_json_string(char* at, std::string_view text) {
  *at++ = '"';
  if (copy_if_all_of(plain_bytes, at, text)) [[likely]]
    at += text.size();
  else
    at = write_escaped(at, text);
  *at++ = '"';
  return at;
}

void append_json_string(Buffer& out, std::string_view text) {
  // The usual text is all as it is: no room is made for escapes that do not come.
  const bool plain = all_of(plain_bytes, text);
  char* const at = out.reserve(plain ? text.size() + 2 : json_string_bytes_max(text.size()));
  out.commit(static_cast<size_t>(write_json_string(at, text) - at));
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  char text[32];
  return literal({text, std::to_chars(text, text + sizeof text, number).ptr});
}

JsonWriter& JsonWriter::unsigned_value(uint64_t number) {
  return integer(number);
}

JsonWriter& JsonWriter::signed_value(int64_t number) {
  return integer(number);
}

template <class Integer>
JsonWriter& JsonWriter::integer(Integer number) {
  constexpr size_t digits_max = 20;
  char* const begin = out_.reserve(1 + digits_max);
  *begin = ',';
  char* const at = begin + comma_due_;
  out_.commit(static_cast<size_t>(std::to_chars(at, at + digits_max, number).ptr - begin));
  comma_due_ = true;
  return *this;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_.append(bracket);
  comma_due_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_.append(bracket);
  comma_due_ = true;
  return *this;
}

JsonWriter& JsonWriter::literal(std::string_view text) {
  separate();
  out_.append(text);
  return *this;
}

}  // namespace weir::wire
