#pragma once
// Leaf: one setting as it stands: its key with indices, its declaration, and the node that gave its
// value. What printing and reloading walk over.

#include <string>
#include <vector>

#include "settings/node.h"
#include "settings/schema.h"

namespace weir::settings {

struct Leaf {
  std::string key;
  const FieldInfo* field;     // never a group or group_list
  const FieldInfo* deciding;  // the field whose liveness counts: this one, or one around it
  const Node* node;           // nullptr: the default
};

// Every setting of every group, in the order of the tables. Points into both arguments.
std::vector<Leaf> leaves(const Schema& schema, const Values& values);

enum class Secrets : bool { redacted, shown };

// The value as YAML on one line, in its normal form ("1m" for "60s"). A secret that is not empty is
// "<redacted>" unless shown, and so is a secret query.
std::string value_text(const FieldInfo& field, const Node* node, Secrets secrets);

// A text as YAML: plain where that is safe, otherwise between double quotes.
std::string yaml_text(std::string_view text);

}  // namespace weir::settings
