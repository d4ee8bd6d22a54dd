#include "settings/field_info.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/assert.h"
#include "base/units.h"
#include "settings/nearest.h"

namespace weir::settings {
namespace {

using Parsed = std::expected<Scalar, std::string>;

// What an operator reads after a value that does not have its type's form.
std::string_view wanted(Type type) {
  switch (type) {
    case Type::boolean:
      return "true or false";
    case Type::whole:
      return "a whole number";
    case Type::real:
      return "a number";
    case Type::bytes:
      return "a size such as 64KiB or 1.5GiB";
    case Type::duration:
      return "a duration such as 250ms, 5s or 10m";
    default:
      return "a text";
  }
}

Parsed parse_whole(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (error != std::errc() || end != text.end()) return std::unexpected(std::string());
  return Scalar(value);
}

Parsed parse_real(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  const bool whole_text = error == std::errc() && end == text.end();
  if (!whole_text || !std::isfinite(value)) return std::unexpected(std::string());
  return Scalar(value);
}

Parsed parse_boolean(std::string_view text) {
  if (text == "true") return Scalar(true);
  if (text == "false") return Scalar(false);
  return std::unexpected(std::string());
}

// The bare value; an empty error stands for "not of this form".
Parsed parse_form(Type type, std::string_view text) {
  if (type == Type::boolean) return parse_boolean(text);
  if (type == Type::whole) return parse_whole(text);
  if (type == Type::real) return parse_real(text);
  if (type == Type::text) return Scalar(std::string(text));
  if (type == Type::bytes) {
    if (const auto bytes = parse_bytes(text)) return Scalar(static_cast<int64_t>(*bytes));
  } else if (const auto duration = parse_duration(text)) {
    return Scalar(duration->count());
  }
  return std::unexpected(std::string());
}

std::string_view scheme_of(std::string_view text) {
  const bool http = text.starts_with("http://"), https = text.starts_with("https://");
  return http ? "http://" : https ? "https://" : "";
}

std::string in_quotes(std::string_view text) {
  constexpr size_t shown_max = 60;
  std::string shown = "\"";
  for (const char c : text.substr(0, shown_max))
    shown += c >= 0 && (c < ' ' || c == 127) ? '?' : c;
  return shown + (text.size() > shown_max ? "...\"" : "\"");
}

// What a message may show of a value.
std::string shown(const FieldInfo& info, std::string_view text) {
  return info.secret ? "the value" : quoted(text);
}

std::string join_names(const FieldInfo& info) {
  std::string text;
  for (const auto& [name, value] : info.names)
    text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

Parsed parse_choice(const FieldInfo& info, std::string_view text) {
  std::vector<std::string> names;
  for (const auto& [name, value] : info.names) {
    if (name == text) return Scalar(value);
    names.emplace_back(name);
  }
  return std::unexpected(shown(info, text) + " is not one of " + join_names(info) +
                         did_you_mean(nearest(text, names)));
}

// A bound as it is shown: lengths and counts are plain numbers.
std::string bound_text(const FieldInfo& info, const Scalar& bound) {
  const bool number = info.type == Type::real || info.type == Type::bytes ||
                      info.type == Type::duration || info.type == Type::whole;
  return number ? format_scalar(info, bound) : std::to_string(std::get<int64_t>(bound));
}

std::string range_text(const FieldInfo& info) {
  const bool low = info.low.index() != 0, high = info.high.index() != 0;
  if (low && high) return bound_text(info, info.low) + " to " + bound_text(info, info.high);
  if (low) return "at least " + bound_text(info, info.low);
  if (high) return "at most " + bound_text(info, info.high);
  return "";
}

bool within(const FieldInfo& info, const Scalar& value) {
  return (info.low.index() == 0 || value >= info.low) &&
         (info.high.index() == 0 || value <= info.high);
}

std::string range_problem(const FieldInfo& info, const Scalar& value, std::string_view text) {
  if (info.low.index() == 0 && info.high.index() == 0) return "";
  WEIR_ASSERT(info.low.index() == 0 || info.low.index() == value.index());
  if (within(info, value)) return "";
  return shown(info, text) + " is out of bounds (" + range_text(info) + ")";
}

}  // namespace

bool is_scalar(Type type) {
  return type < Type::text_list;
}

const FieldInfo* GroupInfo::find(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, &FieldInfo::name);
  return found == fields.end() ? nullptr : &*found;
}

std::string without_secrets(std::string_view url) {
  constexpr std::string_view redacted = "<redacted>", marks = "?#";
  std::string shown(url);
  if (const size_t at = url.rfind('@'); at != url.npos) {
    shown = std::string(scheme_of(url)).append(redacted);
    // Such a mark before the @ may begin a query or stand in a password: all behind it may be
    // either.
    if (url.find_first_of(marks) < at) return shown;
    shown += url.substr(at);
  }
  const size_t mark = shown.find_first_of(marks);
  return mark == shown.npos ? shown : shown.substr(0, mark + 1).append(redacted);
}

std::string quoted(std::string_view text) {
  return in_quotes(without_secrets(text));
}

std::string check_text(const FieldInfo& info, std::string_view text) {
  if (!info.accepts || info.accepts(text)) return "";
  return shown(info, text) + " does not have the form " + std::string(info.form);
}

std::string check_count(const FieldInfo& info, size_t count) {
  if (within(info, Scalar(static_cast<int64_t>(count)))) return "";
  return "has " + std::to_string(count) + (count == 1 ? " entry" : " entries") +
         ", out of bounds (" + range_text(info) + ")";
}

Parsed parse_scalar(const FieldInfo& info, std::string_view text) {
  WEIR_ASSERT(is_scalar(info.type));
  if (info.automatic && text == "auto") return Scalar();
  if (info.type == Type::choice) return parse_choice(info, text);
  const Parsed value = parse_form(info.type, text);
  if (!value) {
    const std::string bounds = range_text(info);
    return std::unexpected(shown(info, text) + " is not " + std::string(wanted(info.type)) +
                           (bounds.empty() ? "" : " (" + bounds + ")") +
                           (info.automatic ? ", or auto" : ""));
  }
  const bool is_text = info.type == Type::text;
  std::string problem =
      range_problem(info, is_text ? Scalar(static_cast<int64_t>(text.size())) : *value, text);
  if (problem.empty() && is_text) problem = check_text(info, text);
  if (!problem.empty()) return std::unexpected(problem);
  return value;
}

std::string format_scalar(const FieldInfo& info, const Scalar& value) {
  if (value.index() == 0) return "auto";
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* real = std::get_if<double>(&value)) {
    char buffer[32];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, *real).ptr};
  }
  const int64_t number = std::get<int64_t>(value);
  if (info.type == Type::bytes) return format_bytes(static_cast<uint64_t>(number));
  if (info.type == Type::duration) return format_duration(Duration(number));
  if (info.type != Type::choice) return std::to_string(number);
  for (const auto& [name, enumerator] : info.names)
    if (enumerator == number) return std::string(name);
  WEIR_ASSERT(false && "an enumerator without a name");
  return "";
}

std::string type_text(const FieldInfo& info) {
  const std::string of_unit = info.unit.empty() ? "" : " of " + std::string(info.unit);
  const std::string or_auto = info.automatic ? ", or auto" : "";
  switch (info.type) {
    case Type::boolean:
      return "true or false" + or_auto;
    case Type::whole:
      return "whole number" + of_unit + or_auto;
    case Type::real:
      return "number" + of_unit + or_auto;
    case Type::bytes:
      return "bytes" + or_auto;
    case Type::duration:
      return "duration" + or_auto;
    case Type::text:
      return "text" + or_auto;
    case Type::choice:
      return "one of " + join_names(info) + or_auto;
    case Type::text_list:
      return "list of texts";
    case Type::text_map:
      return "map of names to texts";
    case Type::group:
      return "group";
    case Type::group_list:
      return "list of groups";
  }
  return "";
}

std::string bounds_text(const FieldInfo& info) {
  std::string text = range_text(info);
  if (!text.empty() && info.type == Type::text) text += " bytes long";
  if (!text.empty() && !is_scalar(info.type)) text += " entries";
  if (!text.empty() && !info.form.empty()) text += ", ";
  return text + std::string(info.form);
}

std::string default_text(const FieldInfo& info) {
  if (info.required) return "required";
  if (is_scalar(info.type)) return format_scalar(info, info.fallback);
  if (info.type == Type::group) return info.optional ? "not set" : "";
  if (info.type == Type::text_map) return "{}";
  std::string text;
  for (const std::string& item : info.fallback_list)
    text += (text.empty() ? "" : ", ") + item;
  return "[" + text + "]";
}

}  // namespace weir::settings
