#include "cli/program.h"

#include <array>

#include "cachesim/cachesim_command.h"
#include "cli/bench_command.h"
#include "cli/cache_commands.h"
#include "cli/cachesim_bridge.h"
#include "cli/config_command.h"
#include "cli/docs_command.h"
#include "cli/edge_command.h"
#include "cli/load_bridge.h"
#include "cli/service_flags.h"
#include "cli/terminal.h"
#include "cli/up_command.h"
#include "cli/version.h"

namespace weir::cli {
namespace {

using settings::Arguments;
using settings::Command;

constexpr std::string_view program_prose =
    "Weir serves the web under high load and shows what it does. "
    "`weir up` is the quickest way to see it run; `weir help COMMAND` says more about a command.";

int run_version(const Arguments&, const ProgramImage&) {
  say("weir " + std::string(version()) + " (" + std::string(compiler()) + ", " +
      std::string(allocator()) + ")\n");
  return exit_well;
}

std::vector<Command> commands() {
  std::vector<Command> all;
  for (const Subcommand& each : subcommands())
    all.push_back(each.command);
  return all;
}

const Subcommand& subcommand_of(const Command& command) {
  for (const Subcommand& each : subcommands())
    if (each.command.name == command.name) return each;
  return subcommands().front();
}

int run_help(const Arguments& arguments, const ProgramImage&) {
  const std::vector<Command> all = commands();
  if (arguments.arguments.empty()) {
    say(settings::program_help("weir", program_prose, all));
    return exit_well;
  }
  const auto command = settings::find_command(all, arguments.arguments[0]);
  if (!command) {
    complain(command.error());
    return exit_misused;
  }
  say(settings::command_help("weir", **command));
  return exit_well;
}

int run_subcommand(const Subcommand& subcommand, std::span<const std::string> words,
                   const ProgramImage& image) {
  // Its own table has the flags of each kind of load.
  if (subcommand.run == run_load) return run_load_words(words);
  if (subcommand.run == run_edge && !words.empty() && is_cache_command(words[0]))
    return run_cache_command(words);
  const auto arguments = settings::parse_flags(subcommand.command, words);
  if (!arguments) {
    complain(arguments.error() + "\nweir help " + std::string(subcommand.command.name) +
             " lists what it takes");
    return exit_misused;
  }
  if (arguments->help) {
    say(settings::command_help("weir", subcommand.command));
    return exit_well;
  }
  return subcommand.run(*arguments, image);
}

}  // namespace

std::span<const Subcommand> subcommands() {
  static const std::array table{
      Subcommand{{"up",
                  "Runs everything on this machine: the edge on port 8080, operators on 9080, "
                  "before --origin or a demo site of its own. The quickest way to see it work.",
                  service_flags()},
                 run_up},
      Subcommand{{"edge",
                  "Runs the edge: a caching reverse proxy in front of the sites of the "
                  "configuration, or of one --origin. `weir edge purge` and `weir edge prewarm` "
                  "work on the cache of one that runs. SIGTERM drains and stops, SIGHUP reloads "
                  "the configuration, "
                  "SIGUSR1 reopens the logs, SIGUSR2 replaces the program without losing a "
                  "request.",
                  service_flags()},
                 run_edge},
      Subcommand{{"config",
                  "print shows the configuration in force and where each value came from; check "
                  "says what is wrong with it, and takes the flags that `weir edge` will have; "
                  "explain KEY says what a setting does.",
                  service_flags(), "print|check|explain KEY", 1, 2},
                 run_config},
      Subcommand{
          {"load", "Generates load: `weir load http --help` says how.", {}, "http [FLAGS]", 0, 0},
          run_load},
      Subcommand{cachesim::cachesim_command(), run_cachesim},
      Subcommand{
          {"bench",
           "Measures parts of this program: telemetry prints what a counter, a histogram "
           "and a span take on this machine, telemetry_bytes what aggregation by path saves.",
           {},
           "telemetry|telemetry_bytes",
           1,
           1},
          run_bench},
      Subcommand{{"docs",
                  "Writes the reference page of all settings or all metrics, as Markdown.",
                  {},
                  "settings|metrics",
                  1,
                  1},
                 run_docs},
      Subcommand{{"version", "Says which version this is."}, run_version},
      Subcommand{{"help", "Says what a command does and takes.", {}, "COMMAND", 0, 1}, run_help}};
  return table;
}

int run_program(const ProgramImage& image) {
  const std::span<const std::string> words(image.words);
  const std::string first = words.size() < 2 ? "help" : words[1];
  if (first == "--help" || first == "-h") return run_help({}, image);
  if (first == "--version") return run_version({}, image);
  const std::vector<Command> all = commands();
  const auto command = settings::find_command(all, first);
  if (!command) {
    complain(command.error() + "\nweir help lists the commands");
    return exit_misused;
  }
  const int status = run_subcommand(subcommand_of(**command),
                                    words.subspan(std::min<size_t>(2, words.size())), image);
  return words.size() < 2 ? exit_misused : status;
}

}  // namespace weir::cli
