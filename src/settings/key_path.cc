#include "settings/key_path.h"

#include <algorithm>

#include "base/units.h"
#include "settings/nearest.h"

namespace weir::settings {
namespace {

using Found = std::expected<KeyPath, std::string>;

// Where a path has arrived: in a section of the schema, or in a nested group.
struct Level {
  const Section* section = nullptr;
  const GroupInfo* group = nullptr;

  const Section* find_section(std::string_view name) const {
    return section ? section->find_section(name) : nullptr;
  }
  const FieldInfo* find_field(std::string_view name) const {
    return group ? group->find(name) : nullptr;
  }
  static Level of(const Section& section) { return {&section, section.group}; }
};

// Takes "name", "name[3]" or "name[]" off the front of `rest`.
std::expected<KeyStep, std::string> next_step(std::string_view& rest) {
  const size_t dot = rest.find('.');
  const std::string_view text = rest.substr(0, dot);
  rest = dot == rest.npos ? std::string_view() : rest.substr(dot + 1);
  KeyStep step;
  const size_t bracket = text.find('[');
  step.name = text.substr(0, bracket);
  if (bracket == text.npos) return step;
  if (!text.ends_with(']')) return std::unexpected(quoted(text) + " lacks its \"]\"");
  const std::string_view digits = text.substr(bracket + 1, text.size() - bracket - 2);
  step.any = digits.empty();
  if (step.any) return step;
  const auto index = parse_u64(digits);
  if (!index) return std::unexpected(quoted(digits) + " is not an index");
  step.index = *index;
  return step;
}

std::string problem_with_index(const KeyStep& step, bool last) {
  const bool indexed = step.index || step.any;
  const Type type = step.field->type;
  if (indexed && type != Type::group_list && type != Type::text_list)
    return step.name + " is not a list and takes no index";
  if (!last && type == Type::group_list && !indexed)
    return step.name + " is a list; write " + step.name + "[0] for its first entry";
  return "";
}

std::string without_indices(std::string_view key) {
  std::string plain;
  bool inside = false;
  for (const char c : key) {
    if (c == ']') inside = false;
    if (!inside) plain += c;
    if (c == '[') inside = true;
  }
  return plain;
}

// The text inside each pair of brackets, in order.
std::vector<std::string> indices_of(std::string_view key) {
  std::vector<std::string> indices;
  for (size_t at = key.find('['); at != key.npos; at = key.find('[', at + 1)) {
    const size_t end = std::min(key.find(']', at), key.size());
    indices.emplace_back(key.substr(at + 1, end - at - 1));
  }
  return indices;
}

// The key whose last word is nearest to `word`; "" when none is near.
std::string nearest_ending(const Schema& schema, std::string_view word) {
  std::vector<std::string> endings;
  for (const std::string& key : schema.keys())
    endings.push_back(key.substr(key.rfind('.') + 1));
  const std::string_view found = nearest(word, endings);
  for (size_t i = 0; !found.empty() && i < endings.size(); ++i)
    if (endings[i] == found) return schema.keys()[i];
  return "";
}

std::unexpected<std::string> unknown(const Schema& schema, std::string_view key) {
  return std::unexpected("no such setting" + did_you_mean(nearest_key(schema, key)));
}

// Takes one step from `level`. `rest` is what follows.
std::string walk(Level& level, KeyStep& step, KeyPath& path, std::string_view& rest) {
  step.field = level.find_field(step.name);
  if (std::string problem = problem_with_index(step, rest.empty()); !problem.empty())
    return problem;
  level = Level{nullptr, step.field->nested};
  if (step.field->type == Type::text_map && !rest.empty()) {
    path.entry = std::string(rest);
    rest = {};
  }
  return "";
}

// `name` after `word` and its '_'; nothing when it does not begin so.
std::optional<std::string_view> after_word(std::string_view name, std::string_view word) {
  if (!name.starts_with(word)) return std::nullopt;
  if (name.size() == word.size()) return std::string_view();
  if (name[word.size()] != '_') return std::nullopt;
  return name.substr(word.size() + 1);
}

// Collects the keys that `name` can mean from `level` on; `path` is how it got there.
// Recursion is bounded by the nesting of the tables.
void match_variable(Level level, std::string_view name, const std::string& path,
                    std::vector<std::string>& found) {
  for (size_t i = 0; level.section && i < level.section->sections.size(); ++i) {
    const Section& section = level.section->sections[i];
    const auto rest = after_word(name, environment_name(section.name).substr(5));
    if (rest && !rest->empty())
      match_variable(Level::of(section), *rest, join_key(path, section.name), found);
  }
  for (size_t i = 0; level.group && i < level.group->fields.size(); ++i) {
    const FieldInfo& field = level.group->fields[i];
    const auto rest = after_word(name, environment_name(field.name).substr(5));
    if (!rest) continue;
    const std::string key = join_key(path, field.name);
    if (rest->empty())
      found.push_back(key);
    else if (field.type == Type::group)
      match_variable({nullptr, field.nested}, *rest, key, found);
    else if (field.type == Type::group_list || field.type == Type::text_list) {
      const size_t end = std::min(rest->find('_'), rest->size());
      const std::string indexed = key + "[" + std::string(rest->substr(0, end)) + "]";
      if (!parse_u64(rest->substr(0, end))) continue;
      if (end == rest->size())
        found.push_back(indexed);
      else if (field.nested)
        match_variable({nullptr, field.nested}, rest->substr(end + 1), indexed, found);
    }
  }
}

}  // namespace

const FieldInfo& KeyPath::deciding() const {
  for (const KeyStep& step : steps)
    if (step.field && step.field->decides_liveness()) return *step.field;
  return field();
}

Found find_key(const Schema& schema, std::string_view key) {
  KeyPath path;
  Level level = Level::of(schema.root());
  for (std::string_view rest = key; !rest.empty();) {
    auto step = next_step(rest);
    if (!step) return std::unexpected(step.error());
    if (const Section* section = level.find_section(step->name)) {
      if (step->index || step->any) return unknown(schema, key);
      level = Level::of(*section);
    } else if (level.find_field(step->name)) {
      if (std::string problem = walk(level, *step, path, rest); !problem.empty())
        return std::unexpected(std::move(problem));
    } else {
      return unknown(schema, key);
    }
    path.steps.push_back(std::move(*step));
  }
  if (path.steps.empty()) return unknown(schema, key);
  if (!path.steps.back().field) return std::unexpected("is a group of settings, not a setting");
  return path;
}

std::string nearest_key(const Schema& schema, std::string_view key) {
  std::string found(nearest(without_indices(key), schema.keys()));
  // A key that was written without its group: the one that ends so.
  for (size_t i = 0; found.empty() && !key.empty() && i < schema.keys().size(); ++i)
    if (schema.keys()[i].ends_with("." + std::string(key))) found = schema.keys()[i];
  if (found.empty() && !key.contains('.')) found = nearest_ending(schema, without_indices(key));
  size_t at = 0;
  for (const std::string& index : indices_of(key)) {
    at = found.find("[]", at);
    if (at == found.npos) break;
    found.insert(at + 1, index);
    at += index.size() + 2;
  }
  return found;
}

std::vector<std::string> keys_of_variable(const Schema& schema, std::string_view name) {
  std::vector<std::string> found;
  match_variable(Level::of(schema.root()), name, "", found);
  return found;
}

}  // namespace weir::settings
