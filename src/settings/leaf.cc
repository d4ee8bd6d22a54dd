#include "settings/leaf.h"

#include <algorithm>

namespace weir::settings {
namespace {

constexpr std::string_view redacted = "<redacted>";

bool is_plain(std::string_view text) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/';
  };
  const auto is_safe = [&](char c) { return is_word(c) || c == '_' || c == '.' || c == '-'; };
  if (text.empty() || !is_word(text[0]) || !std::ranges::all_of(text, is_safe)) return false;
  // What YAML would take for nothing.
  return text != "null" && text != "Null" && text != "NULL";
}

// Recursion is bounded by the nesting of the tables.
void collect(const GroupInfo& group, const std::string& path, const Node* map,
             const FieldInfo* around, std::vector<Leaf>& found) {
  for (const FieldInfo& field : group.fields) {
    const Node* node = map ? map->find(field.name) : nullptr;
    const std::string key = join_key(path, field.name);
    const FieldInfo* deciding = around || !field.decides_liveness() ? around : &field;
    if (field.type == Type::group && (node || !field.optional))
      collect(*field.nested, key, node, deciding, found);
    for (size_t i = 0; node && field.type == Type::group_list && i < node->items.size(); ++i)
      collect(*field.nested, key + "[" + std::to_string(i) + "]", &node->items[i], deciding, found);
    if (!field.nested) found.push_back({key, &field, deciding, node});
  }
}

std::string list_text(const FieldInfo& field, const Node* node) {
  std::vector<std::string> texts = node ? std::vector<std::string>() : field.fallback_list;
  if (node && node->kind == NodeKind::text) texts.push_back(node->text);
  for (size_t i = 0; node && i < node->items.size(); ++i)
    texts.push_back(node->items[i].text);
  std::string all;
  for (const std::string& text : texts)
    all += (all.empty() ? "" : ", ") + yaml_text(text);
  return "[" + all + "]";
}

std::string map_text(const Node* node) {
  std::string all;
  for (size_t i = 0; node && i < node->entries.size(); ++i)
    all += (all.empty() ? "" : ", ") + yaml_text(node->entries[i].key) + ": " +
           yaml_text(node->entries[i].value.text);
  return "{" + all + "}";
}

std::string scalar_text(const FieldInfo& field, const Node* node, Secrets secrets) {
  if (!node && field.required) return "";
  const auto parsed =
      node ? parse_scalar(field, node->text) : std::expected<Scalar, std::string>(field.fallback);
  std::string text = parsed ? format_scalar(field, *parsed) : node->text;
  if (field.secret_query && secrets == Secrets::redacted) text = without_secrets(text);
  return field.type == Type::text ? yaml_text(text) : text;
}

}  // namespace

std::string yaml_text(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (byte < ' ' || byte == 127)
      ((out += "\\x") += digits[byte >> 4]) += digits[byte & 15];
    else
      out += c;
  }
  return out + "\"";
}

std::vector<Leaf> leaves(const Schema& schema, const Values& values) {
  std::vector<Leaf> found;
  for (const GroupInfo* group : schema.groups())
    collect(*group, std::string(group->prefix), find_section(values.root, group->prefix), nullptr,
            found);
  return found;
}

std::string value_text(const FieldInfo& field, const Node* node, Secrets secrets) {
  // That a secret is empty is none, and worth seeing.
  const bool given =
      node && (!node->text.empty() || !node->items.empty() || !node->entries.empty());
  if (field.secret && given && secrets == Secrets::redacted) return std::string(redacted);
  if (is_scalar(field.type)) return scalar_text(field, node, secrets);
  if (field.type == Type::text_list) return list_text(field, node);
  if (field.type == Type::text_map) return map_text(node);
  return field.type == Type::group_list ? "[]" : "";
}

}  // namespace weir::settings
