#pragma once
// `weir load http`: the command's table and its run. Blocks the calling thread until the report is
// written; always bounded in time. Talks to the terminal only through what it is lent.

#include <atomic>
#include <span>
#include <string>
#include <string_view>

#include "settings/flags.h"

namespace weir::load {

// What the command line program lends to a run.
struct LoadTerminal {
  void (*write)(std::string_view text);        // standard output: the report
  void (*write_error)(std::string_view text);  // standard error: problems, progress
  bool progress = false;                       // standard error is a terminal: a line a second
  const std::atomic<bool>* stop = nullptr;     // set it (Ctrl-C) to end early, with a report
};

// The loads that there are: `weir load NAME`. Today: http.
std::span<const settings::Command> load_commands();

// `words` is what stands behind `weir load http`; --help is answered here. Exit status: 0 with a
// report, 1 when the run could not be made, 2 when the command line is wrong.
int run_http(std::span<const std::string> words, const LoadTerminal& terminal);

}  // namespace weir::load
