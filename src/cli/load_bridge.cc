#include "cli/load_bridge.h"

#include <csignal>
#include <cstdio>
#include <unistd.h>

#include "cli/terminal.h"
#include "load/load_command.h"

namespace weir::cli {
namespace {

std::atomic<bool> g_stop{false};

// The first Ctrl-C ends the run with a report, the second one ends the program.
void stop_on_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { g_stop.store(true); };
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
}

void write_error(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

int run_load_words(std::span<const std::string> words) {
  const auto commands = load::load_commands();
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    say(settings::program_help("weir load", "Generates load.", commands));
    return words.empty() ? exit_misused : exit_well;
  }
  const auto command = settings::find_command(commands, words[0]);
  if (!command) {
    complain(command.error() + "\nweir load --help lists the kinds of load");
    return exit_misused;
  }
  stop_on_signals();
  return load::run_http(words.subspan(1), {.write = say,
                                           .write_error = write_error,
                                           .progress = isatty(STDERR_FILENO) == 1,
                                           .stop = &g_stop});
}

int run_load(const settings::Arguments&, const ProgramImage&) {
  return run_load_words({});
}

}  // namespace weir::cli
