#pragma once
// `weir docs settings|metrics`: the generated reference pages.

#include <string>

#include "cli/program_image.h"
#include "settings/flags.h"

namespace weir::cli {

int run_docs(const settings::Arguments& arguments, const ProgramImage& image);

// docs/metrics.md: every instrument of the program, by module.
std::string metrics_page();

}  // namespace weir::cli
