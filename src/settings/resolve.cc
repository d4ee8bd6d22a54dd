#include "settings/resolve.h"

#include <algorithm>
#include <fstream>

#include "settings/key_path.h"
#include "settings/nearest.h"
#include "settings/set_key.h"
#include "settings/yaml.h"

namespace weir::settings {
namespace {

// Finds the keys of one layer that no table declares. Recursion is bounded by yaml_depth_max.
class UnknownKeys {
 public:
  UnknownKeys(const Schema& schema, Problems& problems) : schema_(schema), problems_(problems) {}

  void in_section(const Node& map, const Section& section, const std::string& path);

 private:
  void in_field(const Node& node, const FieldInfo& field, const std::string& path);
  void in_group(const Node& map, const GroupInfo& group, const std::string& path);
  void add(const Entry& entry, std::vector<std::string> siblings, const std::string& path);

  const Schema& schema_;
  Problems& problems_;
};

void UnknownKeys::add(const Entry& entry, std::vector<std::string> siblings,
                      const std::string& path) {
  std::string suggestion;
  const std::string key = join_key(path, entry.key);
  if (!problems_.full()) {
    const std::string_view sibling = nearest(entry.key, siblings);
    suggestion = sibling.empty() ? nearest_key(schema_, key) : join_key(path, sibling);
    if (suggestion.empty()) suggestion = nearest_key(schema_, entry.key);
  }
  problems_.add(entry.place, without_secrets(key), "no such setting" + did_you_mean(suggestion));
}

void UnknownKeys::in_section(const Node& map, const Section& section, const std::string& path) {
  if (map.kind == NodeKind::none) return;
  if (map.kind != NodeKind::map)
    return problems_.add(map.place, path, "is a group of settings, expected a map");
  std::vector<std::string> names;
  for (const Section& below : section.sections)
    names.push_back(below.name);
  for (size_t i = 0; section.group && i < section.group->fields.size(); ++i)
    names.emplace_back(section.group->fields[i].name);
  for (const Entry& entry : map.entries) {
    const std::string key = join_key(path, entry.key);
    if (const Section* below = section.find_section(entry.key))
      in_section(entry.value, *below, key);
    else if (const FieldInfo* field = section.find_field(entry.key))
      in_field(entry.value, *field, key);
    else
      add(entry, names, path);
  }
}

void UnknownKeys::in_field(const Node& node, const FieldInfo& field, const std::string& path) {
  if (field.type == Type::group) in_group(node, *field.nested, path);
  for (size_t i = 0; field.type == Type::group_list && i < node.items.size(); ++i)
    in_group(node.items[i], *field.nested, path + "[" + std::to_string(i) + "]");
}

void UnknownKeys::in_group(const Node& map, const GroupInfo& group, const std::string& path) {
  std::vector<std::string> names;
  for (const FieldInfo& field : group.fields)
    names.emplace_back(field.name);
  for (const Entry& entry : map.entries) {
    if (const FieldInfo* field = group.find(entry.key))
      in_field(entry.value, *field, join_key(path, entry.key));
    else
      add(entry, names, path);
  }
}

void merge_file(const Schema& schema, const Sources& sources, Node& root, Problems& problems) {
  const Place base{Layer::file, sources.file_name};
  auto tree = parse_yaml(sources.file_text, base, problems);
  if (!tree) return;
  if (tree->kind != NodeKind::map)
    return problems.add(tree->place, "", "expected a map of settings at the top");
  UnknownKeys(schema, problems).in_section(*tree, schema.root(), "");
  root = std::move(*tree);
}

// The variable whose name is nearest, for a name that nobody declared.
std::string nearest_variable(const Schema& schema, const std::string& name) {
  std::vector<std::string> names;
  for (const std::string& key : schema.keys())
    names.push_back(environment_name(key));
  return std::string(nearest(name, names));
}

void merge_variable(const Schema& schema, std::string_view variable, Node& root,
                    Problems& problems) {
  constexpr std::string_view prefix = "WEIR_";
  const size_t equals = variable.find('=');
  if (!variable.starts_with(prefix) || equals == variable.npos) return;
  const Place place{Layer::environment, std::string(variable.substr(0, equals))};
  const std::string_view name = variable.substr(prefix.size(), equals - prefix.size());
  const std::vector<std::string> keys = keys_of_variable(schema, name);
  if (keys.size() == 1)
    return set_key(schema, root, {keys[0], variable.substr(equals + 1), place}, problems);
  if (keys.size() > 1)
    return problems.add(place, "", "can mean " + keys[0] + " or " + keys[1] + "; use --set");
  if (is_service_link(name)) return;
  problems.add(place, "",
               "no setting has this name" + did_you_mean(nearest_variable(schema, place.name)));
}

}  // namespace

bool is_service_link(std::string_view name) {
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") ||
      name.ends_with("_PORT") || name.find("_SERVICE_PORT_") != name.npos)
    return true;
  const size_t port = name.rfind("_PORT_");
  if (port == name.npos) return false;
  const std::string_view rest = name.substr(port + 6);
  const std::string_view protocol =
      rest.substr(std::min(rest.find_first_not_of("0123456789"), rest.size()));
  return protocol.size() < rest.size() &&
         (protocol.starts_with("_TCP") || protocol.starts_with("_UDP") ||
          protocol.starts_with("_SCTP"));
}

std::expected<Set, std::string> parse_set(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == text.npos || equals == 0)
    return std::unexpected(quoted(text) + " is not of the form KEY=VALUE");
  return Set{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

Result<std::string> read_text_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::unexpected(system_error(errno, "open the configuration file"));
  std::string text(yaml_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return std::unexpected(system_error(errno, "read the configuration file"));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > yaml_bytes_max) return fail(ErrorCode::limit, "larger than 4 MiB");
  return text;
}

std::expected<Values, Problems> resolve(const Schema& schema, const Sources& sources) {
  Problems problems;
  Values values{Node{NodeKind::map, {}, {}, {}, {}}};
  if (!sources.file_name.empty()) merge_file(schema, sources, values.root, problems);
  for (const std::string& variable : sources.environment)
    merge_variable(schema, variable, values.root, problems);
  for (const Set& set : sources.sets) {
    const Place place{Layer::flag, set.label};
    set_key(schema, values.root, {set.key, set.value, place}, problems);
  }
  schema.check(values, problems);
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return values;
}

}  // namespace weir::settings
