#pragma once
// resolve(): merges the layers of values, in rising order: defaults, the YAML file, the environment
// (WEIR_*), flags; and checks all of it against the schema. What it returns is right as a whole:
// every load() from it succeeds.

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "settings/node.h"
#include "settings/problem.h"
#include "settings/schema.h"

namespace weir::settings {

// One "key=value" from the command line. `label` is the flag as its user wrote it: "--set",
// "--listen".
struct Set {
  std::string key;
  std::string value;
  std::string label = "--set";
};

struct Sources {
  std::string file_name;                 // for messages; empty: no file
  std::string file_text;                 // its content
  std::vector<std::string> environment;  // "NAME=value"; what does not begin with WEIR_ is ignored
  std::vector<Set> sets;                 // later ones win
};

// All problems of all layers. In a value from the environment or a flag, a list of texts is
// separated by commas, and lists, maps and groups may be written as YAML: [a, b], {name: x}.
std::expected<Values, Problems> resolve(const Schema& schema, const Sources& sources);

// Splits "a.b=c" at the first '='; the error says what was expected.
std::expected<Set, std::string> parse_set(std::string_view text);

// A configuration file's text, at most yaml_bytes_max.
Result<std::string> read_text_file(const std::string& path);

// Whether a variable is one of those that Kubernetes puts into every pod for a Service whose name
// begins with "weir" (WEIR_EDGE_SERVICE_HOST, WEIR_EDGE_PORT_80_TCP_ADDR); `name` without "WEIR_".
// They are ignored unless a setting has that name.
bool is_service_link(std::string_view name);

}  // namespace weir::settings
