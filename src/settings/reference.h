#pragma once
// The reference page of all settings, docs/settings.md, from the tables.

#include <string>

#include "settings/schema.h"

namespace weir::settings {

// Markdown: how values are given, then one table a group; nested groups follow the one that has
// them.
std::string reference_page(const Schema& schema);

}  // namespace weir::settings
