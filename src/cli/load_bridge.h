#pragma once
// `weir load KIND`: hands the command line to the load generators, which have tables of their own,
// and Ctrl-C with it.

#include <span>
#include <string>

#include "cli/program_image.h"
#include "settings/flags.h"

namespace weir::cli {

// `words` is what stands behind `weir load`.
int run_load_words(std::span<const std::string> words);
// Stands for the above in the table of subcommands.
int run_load(const settings::Arguments& arguments, const ProgramImage& image);

}  // namespace weir::cli
