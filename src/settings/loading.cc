#include "settings/loading.h"

#include <algorithm>
#include <charconv>

#include "base/assert.h"

namespace weir::settings {
namespace {

std::string_view kind_text(NodeKind kind) {
  constexpr std::string_view names[] = {"nothing", "a single value", "a list", "a map"};
  return names[static_cast<size_t>(kind)];
}

// One step of a key below a group, "sites[1]"; shortens `key` to what is behind it.
struct KeyBelow {
  std::string_view name;
  std::optional<size_t> index;
};
KeyBelow next_step(std::string_view& key) {
  const std::string_view step = key.substr(0, key.find('.'));
  key.remove_prefix(std::min(step.size() + 1, key.size()));
  const size_t bracket = step.find('[');
  KeyBelow below{step.substr(0, bracket), std::nullopt};
  size_t index = 0;
  if (bracket != step.npos &&
      std::from_chars(step.data() + bracket + 1, step.data() + step.size(), index).ec ==
          std::errc())
    below.index = index;
  return below;
}

const Node* item_of(const Node* list, size_t index) {
  return list && index < list->items.size() ? &list->items[index] : nullptr;
}

// The innermost node on the way to a key below a group, from `node` on, that of the group; nothing
// when the group has no such key.
std::optional<const Node*> find_below(const GroupInfo* group, const Node* node,
                                      std::string_view key) {
  const Node* innermost = node;
  while (!key.empty()) {
    const KeyBelow step = next_step(key);
    const FieldInfo* field = group ? group->find(step.name) : nullptr;
    if (!field) return std::nullopt;
    node = node ? node->find(step.name) : nullptr;
    if (step.index) node = item_of(node, *step.index);
    if (node) innermost = node;
    // What is left is a name of the map, dots and all.
    if (field->type == Type::text_map && !key.empty()) {
      const Node* entry = node ? node->find(key) : nullptr;
      return entry ? entry : innermost;
    }
    group = field->nested;
  }
  return innermost;
}

}  // namespace

Loading::Step::Step(Loading& loading, std::string_view name)
    : loading_(loading), size_before_(loading.path_.size()), place_before_(loading.group_place_) {
  loading.path_ = loading.key(name);
}

Loading::Step::Step(Loading& loading, std::string_view name, size_t index) : Step(loading, name) {
  loading.path_ += "[" + std::to_string(index) + "]";
}

std::string Loading::key(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

void Loading::add(const Node* node, std::string text) {
  problems.add(node ? node->place : Place(), path_, std::move(text));
}

void Loading::add(const GroupInfo& group, const Node* node, std::string text) {
  const size_t colon = text.find(": ");
  const std::string_view below = std::string_view(text).substr(0, colon);
  const auto found = colon == text.npos ? std::nullopt : find_below(&group, node, below);
  if (!found) return add(node, std::move(text));
  problems.add(*found ? (*found)->place : Place(), key(below), text.substr(colon + 2));
}

void Loading::add(const FieldInfo& info, const Node* node, std::string text) {
  problems.add(node ? node->place : group_place_, key(info.name), std::move(text));
}

bool Loading::is_kind(const FieldInfo& info, const Node& node, NodeKind kind) {
  if (node.kind == kind) return true;
  if (node.kind == NodeKind::none)
    add(info, &node, "has no value; give one, or leave the key out");
  else
    add(info, &node,
        "is " + std::string(kind_text(node.kind)) + ", expected " + std::string(kind_text(kind)));
  return false;
}

bool Loading::given(const FieldInfo& info, const Node* node) {
  if (!node && info.required) add(info, nullptr, "is required");
  return node != nullptr;
}

bool Loading::is_map(const Node* node) {
  group_place_ = node ? node->place : Place();
  if (!node || node->kind == NodeKind::map || node->kind == NodeKind::none) return true;
  add(node, "is " + std::string(kind_text(node->kind)) + ", expected a map");
  return false;
}

std::optional<Scalar> Loading::scalar(const FieldInfo& info, const Node* node) {
  if (!given(info, node)) return info.required ? std::nullopt : std::optional(info.fallback);
  if (!is_kind(info, *node, NodeKind::text)) return std::nullopt;
  auto value = parse_scalar(info, node->text);
  if (value) return std::move(*value);
  add(info, node, std::move(value.error()));
  return std::nullopt;
}

std::vector<std::string> Loading::texts(const FieldInfo& info, const Node* node) {
  if (!given(info, node)) return info.fallback_list;
  std::vector<std::string> found;
  // One text is a list of one: `host: a.example`.
  if (node->kind != NodeKind::text && !is_kind(info, *node, NodeKind::list)) return found;
  const Node* first = node->kind == NodeKind::text ? node : node->items.data();
  const size_t count = node->kind == NodeKind::text ? 1 : node->items.size();
  for (const Node* item = first; item != first + count; ++item) {
    if (!is_kind(info, *item, NodeKind::text)) continue;
    if (auto problem = check_text(info, item->text); !problem.empty())
      add(info, item, std::move(problem));
    found.push_back(item->text);
  }
  if (auto problem = check_count(info, count); !problem.empty())
    add(info, node, std::move(problem));
  return found;
}

TextMap Loading::text_map(const FieldInfo& info, const Node* node) {
  TextMap found;
  if (!given(info, node) || !is_kind(info, *node, NodeKind::map)) return found;
  for (const Entry& entry : node->entries) {
    if (!is_kind(info, entry.value, NodeKind::text)) continue;
    if (auto problem = check_text(info, entry.value.text); !problem.empty())
      add(info, &entry.value, std::move(problem));
    found.emplace_back(entry.key, entry.value.text);
  }
  if (auto problem = check_count(info, found.size()); !problem.empty())
    add(info, node, std::move(problem));
  return found;
}

const std::vector<Node>* Loading::items(const FieldInfo& info, const Node* node) {
  if (node && !is_kind(info, *node, NodeKind::list)) return nullptr;
  if (auto problem = check_count(info, node ? node->items.size() : 0); !problem.empty())
    add(info, node, std::move(problem));
  return node ? &node->items : nullptr;
}

void assert_declared_well(const FieldInfo& info) {
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  WEIR_ASSERT(!info.name.empty() && std::ranges::all_of(info.name, in_name));
  WEIR_ASSERT(info.prose.ends_with('.'));
  WEIR_ASSERT((info.type == Type::choice) == !info.names.empty());
  if (!is_scalar(info.type) || info.required) return;
  const auto fallback = parse_scalar(info, format_scalar(info, info.fallback));
  WEIR_ASSERT(fallback && *fallback == info.fallback);
}

}  // namespace weir::settings
