#include "settings/reference.h"

#include "settings/leaf.h"

namespace weir::settings {
namespace {

constexpr std::string_view head = R"(# Settings

Generated from the tables in the code; a test keeps it fresh. A value comes, in rising order, from its
default, the YAML file (`--config FILE`), the environment, and flags (`--set KEY=VALUE`). The variable of
a key is `WEIR_` and the key in capitals with `_` for each dot: `a.b_c` is `WEIR_A_B_C`; entry 0 of a list
is `WEIR_A_LIST_0_NAME`, and `--set a.list[0].name=x`. In a variable or flag, lists of texts are separated
by commas, and lists and maps may be written as YAML. Unknown keys are errors. *Live* settings follow a
reload; the others are reported and wait for the next start. `weir config explain KEY` says where a value
comes from.
)";

// Fit for a cell of a table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) {
  return text.empty() ? "" : "`" + cell(text) + "`";
}

std::string default_cell(const FieldInfo& field) {
  if (field.required || field.optional) return default_text(field);
  if (field.type == Type::text) return code(yaml_text(default_text(field)));
  return code(default_text(field));
}

// What is said once for a group, or row by row.
enum class Liveness : uint8_t { by_field, yes, no };

std::string live_cell(const FieldInfo& field, Liveness around) {
  if (around == Liveness::by_field && !field.decides_liveness()) return "see below";
  const bool live = around == Liveness::by_field ? field.live : around == Liveness::yes;
  return live ? "yes" : "no";
}

std::string secrecy(const FieldInfo& field) {
  if (field.secret) return " Secret: never printed.";
  return field.secret_query ? " A query is never printed." : "";
}

struct Heading {
  std::string key;
  std::string_view level;
  Liveness around;
};

// Recursion is bounded by the nesting of the tables.
void describe_group(const GroupInfo& group, const Heading& heading, std::string& page) {
  page += "\n" + std::string(heading.level) + " " +
          (heading.key.empty() ? "Top level" : code(heading.key)) + "\n\n" +
          std::string(group.prose) + "\n\n";
  page += "| setting | type | default | bounds | live | what to do |\n|---|---|---|---|---|---|\n";
  for (const FieldInfo& field : group.fields)
    page += "| " + code(field.name) + " | " + cell(type_text(field)) + " | " + default_cell(field) +
            " | " + cell(bounds_text(field)) + " | " + live_cell(field, heading.around) + " | " +
            cell(field.prose) + secrecy(field) + " |\n";
  for (const FieldInfo& field : group.fields) {
    if (!field.nested) continue;
    const bool decides = heading.around == Liveness::by_field && field.decides_liveness();
    const Liveness around = decides ? (field.live ? Liveness::yes : Liveness::no) : heading.around;
    const std::string key =
        join_key(heading.key, field.name) + (field.type == Type::group_list ? "[]" : "");
    describe_group(*field.nested, {key, "###", around}, page);
  }
}

}  // namespace

std::string reference_page(const Schema& schema) {
  std::string page(head);
  for (const GroupInfo* group : schema.groups())
    describe_group(*group, {std::string(group->prefix), "##", Liveness::by_field}, page);
  return page;
}

}  // namespace weir::settings
