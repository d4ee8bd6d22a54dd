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

// Appends the sequence at the start of `text`, or U+FFFD for as much of one as is there; how many
// bytes it took (at least one).
size_t append_sequence(Buffer& out, std::string_view text) {
  const Lead lead = lead_of(static_cast<unsigned char>(text[0]));
  size_t size = 1;
  for (; size <= lead.following && size < text.size(); ++size) {
    const auto c = static_cast<unsigned char>(text[size]);
    const bool fits = size == 1 ? c >= lead.second_min && c <= lead.second_max : (c & 0xc0) == 0x80;
    if (!fits) break;
  }
  const bool whole = lead.following > 0 && size == lead.following + 1;
  out.append(whole ? text.substr(0, size) : replacement);
  return size;
}

void append_escape(Buffer& out, char c) {
  constexpr std::string_view named = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
  if (const size_t at = named.find(c); at != std::string_view::npos) {
    out.append('\\');
    return out.append(letters[at]);
  }
  constexpr char digits[] = "0123456789abcdef";
  const char escape[] = {'\\', 'u', '0', '0', digits[c >> 4 & 15], digits[c & 15]};
  out.append({escape, sizeof escape});
}

}  // namespace

void append_json_string(Buffer& out, std::string_view text) {
  // The usual text: all of it as it is.
  const size_t plain_bytes_at_start = span_of(plain_bytes, text);
  if (plain_bytes_at_start == text.size()) {
    char* at = out.reserve(text.size() + 2);
    *at = '"';
    if (!text.empty()) std::memcpy(at + 1, text.data(), text.size());
    at[text.size() + 1] = '"';
    return out.commit(text.size() + 2);
  }
  out.append('"');
  for (size_t plain = plain_bytes_at_start;; plain = span_of(plain_bytes, text)) {
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    size_t taken = 1;
    if (static_cast<unsigned char>(text[0]) >= 0x80)
      taken = append_sequence(out, text);
    else
      append_escape(out, text[0]);
    text.remove_prefix(taken);
  }
  out.append('"');
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
