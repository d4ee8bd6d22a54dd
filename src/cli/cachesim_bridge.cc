#include "cli/cachesim_bridge.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <unistd.h>

#include "cachesim/cachesim_command.h"
#include "cli/terminal.h"

namespace weir::cli {
namespace {

std::atomic<bool> g_stop{false};

void write_error(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

int run_cachesim(const settings::Arguments& arguments, const ProgramImage&) {
  // The first Ctrl-C ends the run with the rows that are done, the second one ends the program.
  struct sigaction action{};
  action.sa_handler = [](int) { g_stop.store(true); };
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  return cachesim::run_cachesim(arguments, {.write = say,
                                            .write_error = write_error,
                                            .progress = isatty(STDERR_FILENO) == 1,
                                            .stop = &g_stop});
}

}  // namespace weir::cli
