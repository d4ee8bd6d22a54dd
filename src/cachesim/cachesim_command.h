#pragma once
// `weir cachesim`: the command's table and its run. Blocks the calling thread until the table is
// written. Talks to the terminal only through what it is lent.

#include <atomic>
#include <string_view>

#include "settings/flags.h"

namespace weir::cachesim {

// What the command line program lends to a run.
struct SimTerminal {
  void (*write)(std::string_view text);        // standard output: the table
  void (*write_error)(std::string_view text);  // standard error: problems, progress
  bool progress = false;                       // standard error is a terminal
  const std::atomic<bool>* stop = nullptr;     // set it (Ctrl-C) to end early, with a table
};

const settings::Command& cachesim_command();

// Exit status: 0 with a table, 1 when the trace could not be read, 2 when the command line is
// wrong.
int run_cachesim(const settings::Arguments& arguments, const SimTerminal& terminal);

}  // namespace weir::cachesim
