#pragma once
// `weir bench telemetry`: what the parts of this program cost on this machine, as tables.

#include "cli/program_image.h"
#include "settings/flags.h"

namespace weir::cli {

int run_bench(const settings::Arguments& arguments, const ProgramImage& image);

}  // namespace weir::cli
