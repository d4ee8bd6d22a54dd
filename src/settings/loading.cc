#include "settings/loading.h"

#include <algorithm>

#include "base/assert.h"

namespace weir::settings {
namespace {

std::string_view kind_text(NodeKind kind) {
  constexpr std::string_view names[] = {"nothing", "a single value", "a list", "a map"};
  return names[static_cast<size_t>(kind)];
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
