#pragma once
// FieldInfo and GroupInfo: what a table declares about its settings, without the C++ type that they
// are loaded into. Help, validation, printing and docs/settings.md are derived from it. Made by
// settings/field.h; lives as long as the program; never changes.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weir::settings {

enum class Type : uint8_t {
  boolean,
  whole,
  real,
  bytes,
  duration,
  text,
  choice,      // one of named values
  text_list,   // strings
  text_map,    // names to strings, in order
  group,       // a map with a table of its own
  group_list,  // a list of such maps
};

bool is_scalar(Type type);

// A checked value: int64_t for whole, bytes, duration (nanoseconds) and choice (the enumerator);
// monostate for "auto".
using Scalar = std::variant<std::monostate, bool, int64_t, double, std::string>;

using TextMap = std::vector<std::pair<std::string, std::string>>;

struct GroupInfo;

struct FieldInfo {
  std::string_view name;
  std::string_view prose;  // one sentence that tells an operator what to do
  Type type = Type::text;
  std::string_view unit;  // of whole and real: "requests", "bytes/s"; may be empty

  Scalar fallback;                         // the default of a scalar
  std::vector<std::string> fallback_list;  // the default of a text_list

  // Inclusive bounds (monostate: none) of a number, or of the length of a text in bytes, or of how
  // many entries a list or map has.
  Scalar low, high;
  std::vector<std::pair<std::string_view, int64_t>> names;  // of a choice
  bool (*accepts)(std::string_view) = nullptr;              // a form that texts must have, if any
  std::string_view form;  // how an operator would write it: "HOST:PORT"

  bool automatic = false;     // may be "auto": the program decides
  bool required = false;      // has no default
  bool optional = false;      // of a group: may be absent
  bool live = false;          // may change while the program runs
  bool secret = false;        // never printed
  bool secret_query = false;  // of a URL: what is behind its ? is never printed

  const GroupInfo* nested = nullptr;  // the table of a group or group_list

  // Whether its own liveness counts for everything below it; in a plain group each field decides.
  bool decides_liveness() const { return type != Type::group || optional || live; }
};

struct GroupInfo {
  std::string_view prefix;  // dotted, "http.server"; empty for a nested group
  std::string_view prose;   // one sentence: what this group is
  std::vector<FieldInfo> fields;

  const FieldInfo* find(std::string_view name) const;
};

// Checks `text` against the declaration of a scalar: form, bounds and names. The error says what is
// wrong and what would be right, and never shows the text of a secret.
std::expected<Scalar, std::string> parse_scalar(const FieldInfo& info, std::string_view text);
// As an operator would write it.
std::string format_scalar(const FieldInfo& info, const Scalar& value);

// What is wrong with a list or map of `count` entries, or "".
std::string check_count(const FieldInfo& info, size_t count);
// What is wrong with one text of a text_list or text_map, or "".
std::string check_text(const FieldInfo& info, std::string_view text);

// "duration", "whole number of requests", "one of epoll, io_uring", ...
std::string type_text(const FieldInfo& info);
// "1ms to 1h", "at least 1", "1 to 255 bytes long", "HOST:PORT", or "".
std::string bounds_text(const FieldInfo& info);
// "5s", "[]", "required", "auto", "not set".
std::string default_text(const FieldInfo& info);

// A URL as it is printed: what may be its user info, its query or its fragment is hidden.
std::string without_secrets(std::string_view url);

// `text` between quotes, short, printable, without the secrets of a URL: for messages.
std::string quoted(std::string_view text);

}  // namespace weir::settings
