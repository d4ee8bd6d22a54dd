#pragma once
// What an operator reads about settings: the effective configuration, one setting explained, and
// where what is wrong was written.
// Texts only; cli/ prints them. Secrets are never in them.

#include <expected>
#include <string>
#include <string_view>

#include "settings/node.h"
#include "settings/schema.h"

namespace weir::settings {

// The whole effective configuration as YAML that can be read again (but for secrets); behind each
// value a comment says where it came from.
std::string print_config(const Schema& schema, const Values& values);

// One setting: prose, type, bounds, default, whether it is live, its variable, and its value and
// where that came from; of a group also what it holds. `key` may have indices or "[]". The error is
// about an unknown key and names the nearest one.
std::expected<std::string, std::string> explain(const Schema& schema, const Values& values,
                                                std::string_view key);

// `problem` with the place in front where the value of the setting was written that it begins with,
// "edge.name: ..."; as it is, where it begins with none, or that has its default.
std::string with_place(const Schema& schema, const Values& values, const std::string& problem);

}  // namespace weir::settings
