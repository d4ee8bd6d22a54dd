#include "edge/rules/structured_dictionary.h"

#include "wire/scan.h"

namespace weir::edge {
namespace {

using Type = DictionaryMember::Type;
using wire::is_digit;

constexpr wire::ByteSet key_bytes = wire::make_byte_set([](unsigned char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '.' || c == '*';
});
constexpr wire::ByteSet bare_token_bytes = wire::make_byte_set([](unsigned char c) {
  return wire::token_bytes.contains(static_cast<char>(c)) || c == ':' || c == '/';
});
constexpr wire::ByteSet base64_bytes = wire::make_byte_set(
    [](unsigned char c) { return wire::is_alphanumeric(c) || c == '+' || c == '/' || c == '='; });

constexpr size_t integer_digits_max = 15, decimal_integer_digits_max = 12, fraction_digits_max = 3;

// Reads from left to right; after the first fault it stays failed and empty.
class ItemReader {
 public:
  explicit ItemReader(std::string_view text) : text_(text) {}

  std::string_view rest() const { return text_; }
  bool failed() const { return failed_; }
  bool at(char c) const { return text_.starts_with(c); }
  bool done() const { return text_.empty(); }

  void skip_spaces() { take(text_.find_first_not_of(' ')); }
  void skip_ows() { take(text_.find_first_not_of(" \t")); }
  void expect(char c) {
    if (at(c))
      text_.remove_prefix(1);
    else
      fail();
  }

  // RFC 9651 4.2.3.3.
  std::string_view key() {
    const size_t size = wire::span_of(key_bytes, text_);
    if (size == 0 || !((text_[0] >= 'a' && text_[0] <= 'z') || text_[0] == '*')) return fail();
    return take(size);
  }
  // 4.2.3.2.
  void parameters() {
    while (at(';')) {
      text_.remove_prefix(1);
      skip_spaces();
      key();
      if (!at('=')) continue;
      text_.remove_prefix(1);
      DictionaryMember ignored;
      bare_item(ignored);
    }
  }
  // 4.2.3.1.
  void bare_item(DictionaryMember& out) {
    if (text_.empty()) return void(fail());
    const char first = text_[0];
    if (first == '-' || is_digit(static_cast<unsigned char>(first))) return number(out);
    if (first == '"') return string(out);
    if (first == '?') return boolean(out);
    if (first == ':') return bytes(out);
    if (first == '@') return date(out);
    if (first == '%') return display_string(out);
    token(out);
  }
  // 4.2.1.2.
  void inner_list(DictionaryMember& out) {
    out.type = Type::inner_list;
    out.value = {};
    expect('(');
    while (!failed_) {
      skip_spaces();
      if (at(')')) break;
      DictionaryMember ignored;
      bare_item(ignored);
      parameters();
      if (!at(' ') && !at(')')) fail();
    }
    expect(')');
  }

 private:
  std::string_view fail() {
    failed_ = true;
    text_ = {};
    return {};
  }
  std::string_view take(size_t n) {
    const std::string_view taken = text_.substr(0, n);
    text_.remove_prefix(taken.size());
    return taken;
  }

  // 4.2.4.
  void number(DictionaryMember& out) {
    const size_t sign = at('-') ? 1 : 0;
    const size_t whole = wire::span_of(wire::digit_bytes, text_.substr(sign));
    size_t size = sign + whole;
    out.type = Type::integer;
    if (whole == 0 || whole > integer_digits_max) return void(fail());
    if (text_.substr(size).starts_with('.')) {
      out.type = Type::decimal;
      const size_t fraction = wire::span_of(wire::digit_bytes, text_.substr(size + 1));
      if (whole > decimal_integer_digits_max || fraction == 0 || fraction > fraction_digits_max)
        return void(fail());
      size += 1 + fraction;
    }
    out.value = take(size);
  }
  // 4.2.5.
  void string(DictionaryMember& out) {
    out.type = Type::string;
    for (size_t i = 1; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '"') return close(out, i);
      if (c < 0x20 || c == 0x7f) break;
      if (c != '\\') continue;
      ++i;
      if (i == text_.size() || (text_[i] != '"' && text_[i] != '\\')) break;
    }
    fail();
  }
  // 4.2.10; the bytes that it stands for are not looked at.
  void display_string(DictionaryMember& out) {
    out.type = Type::display_string;
    if (!text_.starts_with("%\"")) return void(fail());
    const size_t end = text_.find('"', 2);
    if (end == text_.npos) return void(fail());
    text_.remove_prefix(1);
    close(out, end - 1);
  }
  // Takes the string that begins with a quote and ends with the one at `end`.
  void close(DictionaryMember& out, size_t end) {
    out.value = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
  }
  // 4.2.8.
  void boolean(DictionaryMember& out) {
    out.type = Type::boolean;
    out.value = {};
    if (!text_.starts_with("?0") && !text_.starts_with("?1")) return void(fail());
    out.truth = take(2)[1] == '1';
  }
  // 4.2.7.
  void bytes(DictionaryMember& out) {
    out.type = Type::bytes;
    const size_t size = wire::span_of(base64_bytes, text_.substr(1));
    out.value = text_.substr(1, size);
    text_.remove_prefix(1 + size);
    expect(':');
  }
  // 4.2.9.
  void date(DictionaryMember& out) {
    expect('@');
    number(out);
    if (out.type != Type::integer) fail();
    out.type = Type::date;
  }
  // 4.2.6.
  void token(DictionaryMember& out) {
    out.type = Type::token;
    const int first = text_[0] | 0x20;
    if (!((first >= 'a' && first <= 'z') || text_[0] == '*')) return void(fail());
    out.value = take(wire::span_of(bare_token_bytes, text_));
  }

  std::string_view text_;
  bool failed_ = false;
};

}  // namespace

bool DictionaryReader::next_field() {
  while (next_field_ != end_ && next_field_->id != id_)
    ++next_field_;
  if (next_field_ == end_) return false;
  rest_ = (next_field_++)->value;
  return true;
}

bool DictionaryReader::next(DictionaryMember& member) {
  while (rest_.find_first_not_of(' ') == rest_.npos)
    if (failed_ || !next_field()) return false;
  ItemReader reader(rest_);
  reader.skip_spaces();
  member = {.key = reader.key(), .truth = true};
  if (reader.at('=')) {
    reader.expect('=');
    if (reader.at('('))
      reader.inner_list(member);
    else
      reader.bare_item(member);
  }
  reader.parameters();
  reader.skip_ows();
  if (!reader.done()) {
    reader.expect(',');
    reader.skip_ows();
    // A comma with nothing behind it.
    failed_ = reader.done();
  }
  failed_ |= reader.failed();
  rest_ = failed_ ? std::string_view() : reader.rest();
  if (failed_) next_field_ = end_;
  return !failed_;
}

}  // namespace weir::edge
