#include "settings/node.h"

#include <algorithm>
#include <utility>

namespace weir::settings {

std::string locate(const Place& place) {
  if (place.layer == Layer::built_in) return "default";
  if (place.layer == Layer::environment) return "environment " + place.name;
  if (place.layer == Layer::flag || place.line == 0) return place.name;
  return place.name + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::string describe(const Place& place) {
  return (place.layer == Layer::file ? "file " : "") + locate(place);
}

const Node* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(std::as_const(*this).find(key));
}

Node& Node::at_or_add(std::string_view key, const Place& where) {
  if (Node* found = find(key)) return *found;
  Entry& entry = entries.emplace_back(Entry{std::string(key), where, {}});
  entry.value.place = where;
  return entry.value;
}

void Node::remove(std::string_view key) {
  std::erase_if(entries, [key](const Entry& entry) { return entry.key == key; });
}

}  // namespace weir::settings
