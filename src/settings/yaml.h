#pragma once
// parse_yaml(): YAML text to nodes with line and column. The only file that knows the YAML library.
// Bounds: bytes, depth and nodes below, the last two counted after aliases are copied, so that a
// small file cannot become a large tree. Refuses duplicate keys, tags of its own, and a second
// document.

#include <optional>
#include <string_view>

#include "settings/node.h"
#include "settings/problem.h"

namespace weir::settings {

inline constexpr size_t yaml_bytes_max = 4u << 20;
inline constexpr size_t yaml_depth_max = 16;
inline constexpr size_t yaml_nodes_max = 200'000;

// `base` is the file's name, to which line and column are added, or the variable or flag whose
// value the text is. Nothing when there is no tree to speak of; a duplicate key is a problem beside
// a tree in which the first one counts. An empty text is an empty map.
std::optional<Node> parse_yaml(std::string_view text, const Place& base, Problems& problems);

}  // namespace weir::settings
