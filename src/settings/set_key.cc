#include "settings/set_key.h"

#include "settings/key_path.h"
#include "settings/yaml.h"

namespace weir::settings {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

Node split_at_commas(std::string_view text, const Place& place) {
  Node list{NodeKind::list, {}, {}, {}, place};
  while (!trimmed(text).empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    list.items.push_back(
        Node{NodeKind::text, std::string(trimmed(text.substr(0, comma))), {}, {}, place});
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return list;
}

// The value as the tree holds it: a text, or the list or map that it describes.
std::optional<Node> make_value(const KeyPath& path, std::string_view value, const Place& place,
                               Problems& problems) {
  const Type type = path.field().type;
  const bool item = type == Type::text_list && path.steps.back().index;
  if (is_scalar(type) || item || path.entry)
    return Node{NodeKind::text, std::string(value), {}, {}, place};
  if (type == Type::text_list && !trimmed(value).starts_with('['))
    return split_at_commas(value, place);
  return parse_yaml(value, place, problems);
}

// Makes `node` one of `kind`, if it is nothing yet; false when it is something else.
bool become(Node& node, NodeKind kind) {
  if (node.kind == NodeKind::none) node.kind = kind;
  return node.kind == kind;
}

// One step down the tree, which is made where it is missing; nullptr with a problem text.
Node* descend(Node& node, const KeyStep& step, const Place& place, std::string& problem) {
  if (!become(node, NodeKind::map)) {
    problem = "lies below a value that is not a map, at " + locate(node.place);
    return nullptr;
  }
  Node& child = node.at_or_add(step.name, place);
  if (!step.index) return &child;
  if (!become(child, NodeKind::list)) {
    problem = step.name + " is not a list, at " + locate(child.place);
    return nullptr;
  }
  if (*step.index > child.items.size()) {
    problem = step.name + " has " + std::to_string(child.items.size()) +
              " so far; the next one is [" + std::to_string(child.items.size()) + "]";
    return nullptr;
  }
  if (*step.index == child.items.size()) child.items.emplace_back().place = place;
  return &child.items[*step.index];
}

}  // namespace

void set_key(const Schema& schema, Node& root, const KeyValue& set, Problems& problems) {
  const auto fail = [&](std::string text) { problems.add(set.place, set.key, std::move(text)); };
  const auto path = find_key(schema, set.key);
  if (!path) return fail(path.error());
  auto made = make_value(*path, set.value, set.place, problems);
  if (!made) return;
  std::string problem;
  Node* node = &root;
  for (const KeyStep& step : path->steps) {
    if (step.any) return fail("write the index between \"[\" and \"]\"");
    node = descend(*node, step, set.place, problem);
    if (!node) return fail(std::move(problem));
  }
  if (path->entry) {
    if (!become(*node, NodeKind::map)) return fail("is not a map");
    node = &node->at_or_add(*path->entry, set.place);
  }
  *node = std::move(*made);
}

}  // namespace weir::settings
