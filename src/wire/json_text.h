#pragma once
// JsonText: looks into JSON (RFC 8259) that came from outside. No tree is built: values are views
// of the text, and whoever wants what is inside takes them apart. Strict, and bounded in depth.
//
//   std::string_view rest = body;
//   const auto list = take_json(rest);                    // valid, however deep, from here on
//   each_json_element(*list, [](std::string_view element) {
//     each_json_member(element, [](std::string_view name, std::string_view value) { ... });
//   });

#include <optional>
#include <string>
#include <string_view>

namespace weir::wire {

inline constexpr int json_depth_max = 64;

// Takes the value at the start of `rest`, and the space around it, away from it. Nothing where none
// is there, or a malformed one, or one that is nested deeper than json_depth_max.
std::optional<std::string_view> take_json(std::string_view& rest);

// The text of a string's value; nothing if the value is none. Not checked for UTF-8; a lone
// surrogate becomes U+FFFD.
std::optional<std::string> json_string(std::string_view value);

namespace json_detail {

void skip_space(std::string_view& rest);

// The pieces between the brackets of a valid value, each behind `before` bytes of it.
template <class Take>
void each_piece(std::string_view value, Take take) {
  value.remove_prefix(1);
  value.remove_suffix(1);
  for (skip_space(value); !value.empty(); skip_space(value)) {
    take(value);
    if (!value.empty()) value.remove_prefix(1);  // the comma
  }
}

}  // namespace json_detail

// Calls visit(element) for each element of a value of take_json(); for none where it is no array.
template <class Visit>
void each_json_element(std::string_view value, Visit visit) {
  if (!value.starts_with('[')) return;
  json_detail::each_piece(value, [&](std::string_view& rest) { visit(*take_json(rest)); });
}

// Calls visit(name, value) for each member of a value of take_json(), the name as a JSON string;
// for none where it is no object.
template <class Visit>
void each_json_member(std::string_view value, Visit visit) {
  if (!value.starts_with('{')) return;
  json_detail::each_piece(value, [&](std::string_view& rest) {
    const std::string_view name = *take_json(rest);
    rest.remove_prefix(1);  // the colon
    visit(name, *take_json(rest));
  });
}

}  // namespace weir::wire
