#pragma once
// load(): a struct of settings from the merged values. Called by whoever owns the group, after
// resolve() (settings/resolve.h) has found the whole configuration to be right, and again after a
// reload.

#include <expected>
#include <string_view>

#include "settings/field.h"
#include "settings/node.h"
#include "settings/problem.h"

namespace weir::settings {

// The node at a dotted prefix; nullptr when nothing below it was written.
const Node* find_section(const Node& root, std::string_view prefix);

// All problems of the group, not just the first.
template <class T>
std::expected<T, Problems> load(const Values& values, const Group<T>& group) {
  Loading loading(group.info.prefix);
  T object{};
  read_group(object, group, find_section(values.root, group.info.prefix), loading);
  if (!loading.problems.empty()) return std::unexpected(std::move(loading.problems));
  return object;
}

// The struct with every default; required members keep the value of T{}. For tests and tools.
template <class T>
T defaults(const Group<T>& group) {
  Loading loading(group.info.prefix);
  T object{};
  read_group(object, group, nullptr, loading);
  return object;
}

}  // namespace weir::settings
