#include "cli/config_command.h"

#include "cli/all_settings.h"
#include "cli/config_check.h"
#include "cli/configuration.h"
#include "cli/edge_command.h"
#include "cli/service_flags.h"
#include "cli/terminal.h"
#include "settings/print.h"

namespace weir::cli {
namespace {

int misused(const std::string& what) {
  complain(what + "\nweir help config says more");
  return exit_misused;
}

int check(const Configuration& configuration) {
  const std::vector<std::string> problems = check_use(configuration);
  if (!problems.empty()) {
    std::string text = "the configuration cannot be used:";
    for (const std::string& problem : problems)
      text += "\n" + problem;
    complain(text);
    return exit_failed;
  }
  say("The configuration is sound.\n");
  return exit_well;
}

int explain(const Configuration& configuration, const std::string& key) {
  const auto text = settings::explain(all_settings(), configuration.values(), key);
  if (!text) {
    complain(text.error());
    return exit_failed;
  }
  say(*text);
  return exit_well;
}

}  // namespace

int run_config(const settings::Arguments& arguments, const ProgramImage& image) {
  const std::string& verb = arguments.arguments[0];
  const bool explains = verb == "explain";
  if (verb != "print" && verb != "check" && !explains)
    return misused("weir config does not know \"" + verb + "\"; it knows print, check, explain");
  if (explains != (arguments.arguments.size() == 2))
    return misused(explains ? "weir config explain needs the KEY of a setting"
                            : "weir config " + verb + " takes no further word");
  auto sources = sources_of(arguments, edge_keys, image.environment);
  if (!sources) return misused(sources.error());
  const auto configuration = Configuration::read(all_settings(), *std::move(sources));
  if (!configuration) {
    complain("the configuration is broken:\n" + configuration.error());
    return exit_failed;
  }
  if (explains) return explain(**configuration, arguments.arguments[1]);
  if (verb == "check") return check(**configuration);
  say((*configuration)->print());
  return exit_well;
}

}  // namespace weir::cli
