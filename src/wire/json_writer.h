#pragma once
// JsonWriter: writes one JSON value (RFC 8259) at the end of a Buffer, without spaces. Commas come
// by themselves; keys and nesting are the caller's duty. Keeps nothing but whether a comma is due.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/buffer.h"

namespace weir::wire {

// Appends `text` as a JSON string with its quotes. What is not UTF-8 becomes U+FFFD, one for each
// broken sequence, so that the output is always JSON.
void append_json_string(Buffer& out, std::string_view text);
// The same at `at`, where there is room for json_string_bytes_max(); the end.
char* write_json_string(char* at, std::string_view text);
constexpr size_t json_string_bytes_max(size_t text_bytes) {
  return 6 * text_bytes + 2;
}

// Not defined: where the compiler has to call it, the name is wrong.
void json_name_needs_an_escape();

// A key that the program names itself: checked when it is compiled, copied when it is written.
struct JsonName {
  // NOLINTNEXTLINE(google-explicit-constructor): so that a call reads member("status", 200)
  consteval JsonName(const char* name) : text(name) {
    for (const char c : text)
      if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') json_name_needs_an_escape();
  }
  std::string_view text;
};

// A key that is known only when the program runs.
template <class Name>
concept JsonNameText = std::same_as<Name, std::string_view> || std::same_as<Name, std::string>;

class JsonWriter {
 public:
  explicit JsonWriter(Buffer& out) : out_(out) {}
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  // The value, object or array that follows belongs to it.
  JsonWriter& key(JsonName name) {
    const size_t size = name.text.size();
    char* at = out_.reserve(size + 4);
    *at = ',';
    at += comma_due_;
    *at++ = '"';
    std::memcpy(at, name.text.data(), size);
    at[size] = '"';
    at[size + 1] = ':';
    out_.commit(size + 3 + comma_due_);
    comma_due_ = false;
    return *this;
  }
  JsonWriter& key(const JsonNameText auto& name) {
    separate();
    append_json_string(out_, name);
    out_.append(':');
    comma_due_ = false;
    return *this;
  }

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(std::integral auto number) {
    if constexpr (std::same_as<decltype(number), bool>)
      return literal(number ? "true" : "false");
    else if constexpr (std::signed_integral<decltype(number)>)
      return signed_value(static_cast<int64_t>(number));
    else
      return unsigned_value(static_cast<uint64_t>(number));
  }
  // The shortest text that reads back as the same; null when it is not finite.
  JsonWriter& value(double number);
  JsonWriter& null() { return literal("null"); }
  // A value that is JSON already.
  JsonWriter& raw(std::string_view json) { return literal(json); }

  template <class Value>
  JsonWriter& member(JsonName name, const Value& content) {
    return key(name).value(content);
  }
  template <class Value>
  JsonWriter& member(const JsonNameText auto& name, const Value& content) {
    return key(name).value(content);
  }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& literal(std::string_view text);
  JsonWriter& unsigned_value(uint64_t number);
  JsonWriter& signed_value(int64_t number);
  template <class Integer>
  JsonWriter& integer(Integer number);
  void separate() {
    if (comma_due_) out_.append(',');
    comma_due_ = true;
  }

  Buffer& out_;
  bool comma_due_ = false;
};

}  // namespace weir::wire
