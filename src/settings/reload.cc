#include "settings/reload.h"

#include <map>

#include "settings/leaf.h"

namespace weir::settings {
namespace {

struct Side {
  const Leaf* leaf = nullptr;
  std::string exact;  // for comparison: secrets shown
};

struct Pair {
  Side before, after;
  bool live() const { return (before.leaf ? before : after).leaf->deciding->live; }
  bool changed() const { return !before.leaf || !after.leaf || before.exact != after.exact; }
};

using Pairs = std::map<std::string, Pair>;

std::string shown(const Side& side) {
  if (!side.leaf) return "(none)";
  return value_text(*side.leaf->field, side.leaf->node, Secrets::redacted);
}

Side side_of(const Leaf& leaf) {
  return {&leaf, value_text(*leaf.field, leaf.node, Secrets::shown)};
}

// Puts back the old value of one field of a group, or takes the new one away where there was none.
void restore(Node& effective, const Node& before, std::string_view prefix, std::string_view name) {
  const Node* old_group = find_section(before, prefix);
  const Node* old = old_group ? old_group->find(name) : nullptr;
  Node* node = &effective;
  for (std::string_view rest = prefix; !rest.empty();) {
    const size_t dot = std::min(rest.find('.'), rest.size());
    node = &node->at_or_add(rest.substr(0, dot), old_group ? old_group->place : Place());
    node->kind = NodeKind::map;
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  if (!old) return node->remove(name);
  node->at_or_add(name, old->place) = *old;
}

// Fields that need a restart keep their old values, changed or not. Recursion is bounded by the
// nesting of the tables.
void restore_group(const GroupInfo& group, const std::string& path, const Node& before,
                   Node& effective) {
  for (const FieldInfo& field : group.fields) {
    if (!field.decides_liveness())
      restore_group(*field.nested, join_key(path, field.name), before, effective);
    else if (!field.live)
      restore(effective, before, path, field.name);
  }
}

Values mix(const Schema& schema, const Values& before, const Values& after) {
  Values effective = after;
  for (const GroupInfo* group : schema.groups())
    restore_group(*group, std::string(group->prefix), before.root, effective.root);
  return effective;
}

}  // namespace

std::expected<Reload, Problems> reload(const Schema& schema, const Values& before,
                                       const Values& after) {
  const std::vector<Leaf> old_leaves = leaves(schema, before), new_leaves = leaves(schema, after);
  Pairs pairs;
  for (const Leaf& leaf : old_leaves)
    pairs[leaf.key].before = side_of(leaf);
  for (const Leaf& leaf : new_leaves)
    pairs[leaf.key].after = side_of(leaf);
  Reload result;
  for (const auto& [key, pair] : pairs) {
    if (!pair.changed()) continue;
    auto& list = pair.live() ? result.live : result.restart;
    list.push_back({key, shown(pair.before), shown(pair.after)});
  }
  result.effective = mix(schema, before, after);
  Problems problems;
  schema.check(result.effective, problems);
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return result;
}

}  // namespace weir::settings
