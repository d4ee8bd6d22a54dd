#pragma once
// KeyPath: a key as an operator writes it, "edge.sites[0].origins[1].url", found in the schema.
// Used by what sets single keys (environment, flags) and by what explains them.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settings/schema.h"

namespace weir::settings {

// "sites[0]": a section (no field), or a field. `any` stands for "[]", every entry.
struct KeyStep {
  std::string name;
  const FieldInfo* field = nullptr;
  std::optional<size_t> index;
  bool any = false;
};

// The last step is the setting; of a text_map it may be one name of the map (`entry`).
struct KeyPath {
  std::vector<KeyStep> steps;
  std::optional<std::string> entry;

  const FieldInfo& field() const { return *steps.back().field; }
  // The field whose liveness counts.
  const FieldInfo& deciding() const;
};

// The error says what is wrong and names the nearest key.
std::expected<KeyPath, std::string> find_key(const Schema& schema, std::string_view key);

// The key that was probably meant, with the indices of `key` where they fit; "" when none is near.
std::string nearest_key(const Schema& schema, std::string_view key);

// The keys that a variable's name (without "WEIR_") can mean; more than one is an ambiguity.
std::vector<std::string> keys_of_variable(const Schema& schema, std::string_view name);

}  // namespace weir::settings
