#pragma once
// The program `weir`: its subcommands, and how a command line finds the one that it means.

#include <span>
#include <string>

#include "cli/program_image.h"
#include "settings/flags.h"

namespace weir::cli {

// A subcommand: what it is called and takes, and what it does. `run` answers the exit status; it is
// called once, on the main thread.
struct Subcommand {
  settings::Command command;
  int (*run)(const settings::Arguments& arguments, const ProgramImage& image);
};

std::span<const Subcommand> subcommands();

// Runs what image.words ask for; the exit status.
int run_program(const ProgramImage& image);

}  // namespace weir::cli
