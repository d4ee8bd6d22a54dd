#pragma once
// query_value(): one parameter of a query, "a=1&b=2". stranger(): one that nobody expects.

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace weir::admin {

inline std::optional<std::string_view> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const size_t equals = pair.find('=');
    if (equals != pair.npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return std::nullopt;
}

// The first parameter that is none of `known`, or has no value.
inline std::optional<std::string_view> stranger(std::string_view query,
                                                std::initializer_list<std::string_view> known) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const size_t equals = pair.find('=');
    const bool expected =
        equals != pair.npos && std::ranges::find(known, pair.substr(0, equals)) != known.end();
    if (!pair.empty() && !expected) return pair;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return std::nullopt;
}

}  // namespace weir::admin
