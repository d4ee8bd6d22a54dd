#pragma once
// `weir up`: everything on this machine, with what it takes to try it: the edge in front of the
// given origin, or of the demo origin, which then runs inside this process, too.

#include "cli/program_image.h"
#include "settings/flags.h"

namespace weir::cli {

int run_up(const settings::Arguments& arguments, const ProgramImage& image);

}  // namespace weir::cli
