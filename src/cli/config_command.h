#pragma once
// `weir config print|check|explain KEY`: what the configuration says, without running anything.

#include "cli/program_image.h"
#include "settings/flags.h"

namespace weir::cli {

int run_config(const settings::Arguments& arguments, const ProgramImage& image);

}  // namespace weir::cli
