#include "settings/print.h"

#include "settings/key_path.h"
#include "settings/leaf.h"
#include "settings/problem.h"

namespace weir::settings {
namespace {

// Where a value came from; entries that another layer put into a list or map are named besides.
std::string provenance(const Node* node) {
  if (!node) return "default";
  std::string text = describe(node->place);
  for (size_t i = 0; i < node->items.size(); ++i)
    if (node->items[i].place.layer != node->place.layer)
      text += "; [" + std::to_string(i) + "] " + describe(node->items[i].place);
  for (const Entry& entry : node->entries)
    if (entry.value.place.layer != node->place.layer)
      text += "; " + entry.key + " " + describe(entry.value.place);
  return text;
}

// Writes YAML. Recursion is bounded by the nesting of the tables.
class Printer {
 public:
  void section(const Section& section, const Node* map, size_t indent);
  std::string take() { return std::move(text_); }

 private:
  void group(const GroupInfo& group, const Node* map, size_t indent);
  void field(const FieldInfo& field, const Node* node, size_t indent);
  void item(const GroupInfo& group, const Node& node, size_t indent);
  void name(std::string_view name, size_t indent) {
    text_ += std::string(indent, ' ') + std::string(name) + ":";
  }

  std::string text_;
};

void Printer::section(const Section& section, const Node* map, size_t indent) {
  if (section.group) group(*section.group, map, indent);
  for (const Section& below : section.sections) {
    name(below.name, indent);
    text_ += "\n";
    this->section(below, map ? map->find(below.name) : nullptr, indent + 2);
  }
}

void Printer::group(const GroupInfo& group, const Node* map, size_t indent) {
  for (const FieldInfo& info : group.fields)
    field(info, map ? map->find(info.name) : nullptr, indent);
}

void Printer::item(const GroupInfo& of, const Node& node, size_t indent) {
  const size_t begin = text_.size();
  group(of, &node, indent + 2);
  if (text_.size() == begin) text_ += std::string(indent + 2, ' ') + "{}\n";
  text_[begin + indent] = '-';
}

void Printer::field(const FieldInfo& field, const Node* node, size_t indent) {
  if (!node && (field.optional || field.required)) return;
  name(field.name, indent);
  if (field.type == Type::group) {
    text_ += "\n";
    return group(*field.nested, node, indent + 2);
  }
  if (field.type == Type::group_list && node && !node->items.empty()) {
    text_ += "\n";
    for (const Node& each : node->items)
      item(*field.nested, each, indent + 2);
    return;
  }
  text_ += " " + value_text(field, node, Secrets::redacted) + "  # " + provenance(node) + "\n";
}

// The node at a path; nullptr when nothing was written there.
const Node* find_node(const Node& root, const KeyPath& path) {
  const Node* node = &root;
  for (const KeyStep& step : path.steps) {
    node = node->find(step.name);
    if (!node || step.any) return nullptr;
    if (!step.index) continue;
    if (*step.index >= node->items.size()) return nullptr;
    node = &node->items[*step.index];
  }
  return path.entry ? node->find(*path.entry) : node;
}

bool has_any(const KeyPath& path) {
  for (const KeyStep& step : path.steps)
    if (step.any) return true;
  return false;
}

// What stands there now; for a group or one entry of a list, only where it came from.
std::string now_text(const KeyPath& path, const Node* node) {
  const FieldInfo& field = path.field();
  if (field.secret && node) return "<redacted>";
  const bool entry = path.entry || (field.type == Type::text_list && path.steps.back().index);
  if (entry) return node ? yaml_text(node->text) : "not set";
  if (!field.nested)
    return node || !field.required ? value_text(field, node, Secrets::redacted) : "not set";
  if (field.type == Type::group_list && !path.steps.back().index)
    return std::to_string(node ? node->items.size() : 0) + " entries";
  return node ? "set" : "not set";
}

std::string changes_text(const FieldInfo& deciding) {
  if (!deciding.decides_liveness()) return "each of its settings by itself";
  return deciding.live ? "while running" : "at the next start";
}

void line(std::string& text, std::string_view label, const std::string& value) {
  if (value.empty()) return;
  text += "  " + std::string(label) + std::string(13 - label.size(), ' ') + value + "\n";
}

// What a group holds, a line each: its settings with the first half of what they do.
void members(std::string& text, const GroupInfo& group) {
  for (const FieldInfo& field : group.fields) {
    std::string_view prose = field.prose.substr(0, field.prose.find("; "));
    if (prose.ends_with('.')) prose.remove_suffix(1);
    const size_t room = field.name.size() < 22 ? 22 - field.name.size() : 0;
    text += "  " + std::string(field.name) + std::string(room + 1, ' ') + std::string(prose) + "\n";
  }
}

// The section at a dotted name; nullptr when there is none.
const Section* find_section(const Schema& schema, std::string_view key) {
  const Section* section = &schema.root();
  for (std::string_view rest = key; section && !rest.empty();) {
    const size_t dot = std::min(rest.find('.'), rest.size());
    section = section->find_section(rest.substr(0, dot));
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  return key.empty() ? nullptr : section;
}

std::string section_text(std::string_view key, const Section& section) {
  std::string text(key);
  text += "\n";
  if (section.group) text += "  " + std::string(section.group->prose) + "\n";
  text += "\n";
  for (const Section& each : section.sections)
    text += "  " + each.name + "\n";
  if (section.group) members(text, *section.group);
  return text;
}

}  // namespace

std::string print_config(const Schema& schema, const Values& values) {
  Printer printer;
  printer.section(schema.root(), &values.root, 0);
  return printer.take();
}

std::expected<std::string, std::string> explain(const Schema& schema, const Values& values,
                                                std::string_view key) {
  if (const Section* section = find_section(schema, key)) return section_text(key, *section);
  const auto path = find_key(schema, key);
  if (!path) return std::unexpected(std::string(key) + ": " + path.error());
  const FieldInfo& field = path->field();
  std::string text = std::string(key) + "\n  " + std::string(field.prose) + "\n\n";
  line(text, "type", type_text(field));
  line(text, "bounds", bounds_text(field));
  line(text, "default", default_text(field));
  line(text, "changes", changes_text(path->deciding()));
  if (!has_any(*path)) {
    line(text, "environment", path->entry ? "" : environment_name(key));
    const Node* node = find_node(values.root, *path);
    line(text, "now", now_text(*path, node) + " (" + provenance(node) + ")");
  }
  if (field.nested) {
    text += "\n";
    members(text, *field.nested);
  }
  return text;
}

std::string with_place(const Schema& schema, const Values& values, const std::string& problem) {
  const size_t colon = problem.find(": ");
  if (colon == problem.npos) return problem;
  const std::string key = problem.substr(0, colon);
  const auto path = find_key(schema, key);
  const Node* node = path ? find_node(values.root, *path) : nullptr;
  return node ? to_string(Problem{node->place, key, problem.substr(colon + 2)}) : problem;
}

}  // namespace weir::settings
