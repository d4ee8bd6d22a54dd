#include "settings/schema.h"

#include <algorithm>

namespace weir::settings {
namespace {

void list_keys(const GroupInfo& group, const std::string& prefix, std::vector<std::string>& keys) {
  for (const FieldInfo& field : group.fields) {
    const std::string key = join_key(prefix, field.name);
    keys.push_back(key);
    if (field.nested)
      list_keys(*field.nested, field.type == Type::group_list ? key + "[]" : key, keys);
  }
}

// The part of a dotted name before the first dot; shortens `rest` to what is behind it.
std::string_view next_name(std::string_view& rest) {
  const size_t dot = rest.find('.');
  const std::string_view name = rest.substr(0, dot);
  rest = dot == rest.npos ? std::string_view() : rest.substr(dot + 1);
  return name;
}

}  // namespace

std::string join_key(std::string_view prefix, std::string_view name) {
  return (prefix.empty() ? "" : std::string(prefix) + ".") + std::string(name);
}

std::string environment_name(std::string_view key) {
  std::string name = "WEIR_";
  for (const char c : key) {
    if (c >= 'a' && c <= 'z')
      name += static_cast<char>(c - 'a' + 'A');
    else if (c == '.' || c == '[')
      name += '_';
    else if (c != ']')
      name += c;
  }
  return name;
}

const Section* Section::find_section(std::string_view wanted) const {
  const auto found = std::ranges::find(sections, wanted, &Section::name);
  return found == sections.end() ? nullptr : &*found;
}

const FieldInfo* Section::find_field(std::string_view wanted) const {
  return group ? group->find(wanted) : nullptr;
}

void Schema::insert(const GroupInfo& group) {
  Section* section = &root_;
  for (std::string_view rest = group.prefix; !rest.empty();) {
    const std::string_view name = next_name(rest);
    WEIR_ASSERT(!section->find_field(name));
    auto found = std::ranges::find(section->sections, name, &Section::name);
    if (found == section->sections.end())
      found = section->sections.insert(found, Section{std::string(name), {}, nullptr});
    section = &*found;
  }
  WEIR_ASSERT(!section->group);
  section->group = &group;
  for (const FieldInfo& field : group.fields)
    WEIR_ASSERT(!section->find_section(field.name));
  groups_.push_back(&group);
  list_keys(group, std::string(group.prefix), keys_);
}

void Schema::check(const Values& values, Problems& problems) const {
  for (const auto& check : checks_)
    check(values, problems);
}

const Node* find_section(const Node& root, std::string_view prefix) {
  const Node* node = &root;
  while (node && !prefix.empty())
    node = node->find(next_name(prefix));
  // A section that is no map was reported where it was read.
  return node && node->kind == NodeKind::map ? node : nullptr;
}

}  // namespace weir::settings
