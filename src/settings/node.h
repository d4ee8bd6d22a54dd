#pragma once
// Node: a raw value as somebody wrote it, not yet checked against a declaration, and the Place
// where it was written. Every layer (file, environment, flags) becomes a tree of nodes; the merged
// tree is what settings are loaded from. Values only; bounded by whoever builds one
// (settings/yaml.h).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::settings {

// Where a value may come from, in rising order of precedence.
enum class Layer : uint8_t { built_in, file, environment, flag };

// Where a value was written: a file with line and column (from 1), a variable, or a flag.
struct Place {
  Layer layer = Layer::built_in;
  std::string name;  // of the file, the variable, or the flag with its dashes
  int line = 0;      // 0: unknown, or not a file
  int column = 0;
};

// For people who ask where a value came from: "file weir.yaml:12:5", "environment WEIR_X",
// "--listen", "default".
std::string describe(const Place& place);
// For the head of an error message: the same, but a file without the word, so that editors and
// terminals can jump to it.
std::string locate(const Place& place);

enum class NodeKind : uint8_t { none, text, list, map };

struct Entry;

// none is what YAML calls null: a key with nothing behind it.
struct Node {
  NodeKind kind = NodeKind::none;
  std::string text;            // of a text
  std::vector<Node> items;     // of a list
  std::vector<Entry> entries;  // of a map, in the order in which they were written
  Place place;

  const Node* find(std::string_view key) const;  // nullptr: no such entry, or not a map
  Node* find(std::string_view key);
  // The entry's value; appends an empty one when there is none.
  Node& at_or_add(std::string_view key, const Place& where);
  void remove(std::string_view key);
};

struct Entry {
  std::string key;
  Place place;  // of the key
  Node value;
};

// The merged tree that settings are loaded from; its root is a map. Made by resolve().
struct Values {
  Node root;
};

}  // namespace weir::settings
