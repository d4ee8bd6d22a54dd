#pragma once
// set_key(): puts one "key=value" of the environment or the command line into the merged tree.

#include <string_view>

#include "settings/node.h"
#include "settings/problem.h"
#include "settings/schema.h"

namespace weir::settings {

struct KeyValue {
  std::string_view key;
  std::string_view value;
  const Place& place;
};

// Replaces what lower layers said about that key only. An index may be the next one behind a list's
// end, which appends.
void set_key(const Schema& schema, Node& root, const KeyValue& set, Problems& problems);

}  // namespace weir::settings
