#pragma once
// Every table of settings that the program has: what a configuration may say.

#include "settings/schema.h"

namespace weir::cli {

const settings::Schema& all_settings();

}  // namespace weir::cli
