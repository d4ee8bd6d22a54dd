#pragma once
// JsonLine: writes JSON, as it is told to piece by piece, into memory that is large enough for the
// longest it may become. For the lines of logs, which are short, many, and always of one shape:
// names and punctuation are copied as they stand in the program. What has another shape each time
// is JsonWriter's.

#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "wire/json_writer.h"

namespace weir::wire {

class JsonLine {
 public:
  static constexpr size_t number_bytes_max = 20;

  explicit JsonLine(char* at) : begin_(at), at_(at) {}

  // As it stands.
  template <size_t size>
  JsonLine& raw(const char (&text)[size]) {
    std::memcpy(at_, text, size - 1);
    at_ += size - 1;
    return *this;
  }
  JsonLine& raw(std::string_view text) {
    at_ += text.copy(at_, text.size());
    return *this;
  }
  // As a string with its quotes; takes at most json_string_bytes_max().
  JsonLine& quoted(std::string_view text) {
    at_ = write_json_string(at_, text);
    return *this;
  }
  JsonLine& number(std::integral auto value) {
    at_ = std::to_chars(at_, at_ + number_bytes_max, value).ptr;
    return *this;
  }

  size_t size() const { return static_cast<size_t>(at_ - begin_); }

 private:
  char* const begin_;
  char* at_;
};

}  // namespace weir::wire
