#pragma once
// `weir bench telemetry`: what recording costs on this machine; `weir bench telemetry_bytes`: what
// leaves a node with and without aggregation by path. As tables.

#include "cli/program_image.h"
#include "settings/flags.h"

namespace weir::cli {

int run_bench(const settings::Arguments& arguments, const ProgramImage& image);

}  // namespace weir::cli
