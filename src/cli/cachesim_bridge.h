#pragma once
// `weir cachesim`: lends the terminal, and Ctrl-C, to the simulation of caches.

#include "cli/program_image.h"
#include "settings/flags.h"

namespace weir::cli {

int run_cachesim(const settings::Arguments& arguments, const ProgramImage& image);

}  // namespace weir::cli
