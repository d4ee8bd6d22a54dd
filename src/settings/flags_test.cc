#include "settings/flags.h"

#include <algorithm>
#include <sstream>

#include <doctest/doctest.h>

namespace weir::settings {
namespace {

const std::vector<Command> commands{
    {"edge",
     "Serves clients from cache and from origins.",
     {{"config", "FILE", "Read settings from this YAML file."},
      {"listen", "HOST:PORT",
       "Where clients connect; several words of prose that are long enough "
       "to need a second line in the table."},
      {"set", "KEY=VALUE", "Set any setting.", true},
      {"a-flag-with-a-very-long-name", "AND_A_LONG_VALUE", "Long."},
      {"quiet", "", "Say less."}}},
    {"config", "Prints and checks settings.", {}, "print|check|explain KEY", 1, 2},
};

std::expected<Arguments, std::string> parse(std::vector<std::string> words, size_t command = 0) {
  return parse_flags(commands[command], words);
}

std::string error_of(std::vector<std::string> words, size_t command = 0) {
  const auto parsed = parse(std::move(words), command);
  return parsed ? "no error" : parsed.error();
}

}  // namespace

TEST_CASE("flags take their values behind a space or an equals sign") {
  const auto parsed =
      parse({"--config", "a.yaml", "--listen=:80", "--set", "a=b", "--set=c=d", "--quiet"});
  REQUIRE_MESSAGE(parsed.has_value(), parsed.error());
  CHECK(parsed->last("config") == "a.yaml");
  CHECK(parsed->last("listen") == ":80");
  CHECK(parsed->all("set") == std::vector<std::string_view>{"a=b", "c=d"});
  CHECK(parsed->last("set") == "c=d");
  CHECK(parsed->has("quiet"));
  CHECK(!parsed->last("data"));
  CHECK(!parsed->help);
  CHECK(parse({"--listen="})->last("listen") == "");
}

TEST_CASE("errors name the word, what is wrong, and the nearest flag") {
  CHECK(error_of({"--lisen", "x"}) == "weir edge has no flag --lisen; did you mean --listen?");
  CHECK(error_of({"--something=x"}) == "weir edge has no flag --something");
  CHECK(error_of({"-l"}) == "weir edge has no flag -l");
  CHECK(error_of({"--listen"}) == "--listen needs a value: --listen HOST:PORT");
  CHECK(error_of({"--listen", "--quiet"}) == "--listen needs a value: --listen HOST:PORT");
  CHECK(error_of({"--quiet=yes"}) == "--quiet takes no value");
  CHECK(error_of({"--config=a", "--config=b"}) == "--config is given twice");
  CHECK(error_of({"stray"}) == "weir edge does not know what to do with \"stray\"");
}

TEST_CASE("errors name the whole command, of whichever program it is a part") {
  const Command inner{.name = "http", .prose = "Loads."};
  const std::string words[] = {"--fast"};
  const auto parsed = parse_flags(inner, words, "weir load");
  REQUIRE(!parsed.has_value());
  CHECK(parsed.error() == "weir load http has no flag --fast");
}

TEST_CASE("arguments are counted, and may begin with a dash behind two dashes") {
  CHECK(error_of({}, 1) == "weir config needs print|check|explain KEY");
  CHECK(error_of({"a", "b", "c"}, 1) == "weir config does not know what to do with \"c\"");
  CHECK(parse({"explain", "--", "--x"}, 1)->arguments ==
        std::vector<std::string>{"explain", "--x"});
  CHECK(parse({"-"}, 1)->arguments == std::vector<std::string>{"-"});
}

TEST_CASE("asking for help stops the parsing") {
  CHECK(parse({"--help", "--nonsense"})->help);
  CHECK(parse({"-h"})->help);
  CHECK(parse({"--listen", "x", "--help"})->help);
}

TEST_CASE("a command is found by its name, or the nearest is named") {
  CHECK((*find_command(commands, "config"))->name == "config");
  CHECK(find_command(commands, "edeg").error() == "no such command: \"edeg\"; did you mean edge?");
  CHECK(find_command(commands, "").error() == "no such command: \"\"");
}

TEST_CASE("help is aligned and at most 100 columns wide") {
  CHECK(command_help("weir", commands[0]) == R"(Usage: weir edge [FLAG...]

Serves clients from cache and from origins.

Flags:
  --config FILE       Read settings from this YAML file.
  --listen HOST:PORT  Where clients connect; several words of prose that are long enough to need a
                      second line in the table.
  --set KEY=VALUE     Set any setting. May be given again.
  --a-flag-with-a-very-long-name AND_A_LONG_VALUE
                      Long.
  --quiet             Say less.
  --help              Print this text.
)");
  CHECK(program_help("weir", "One program.", commands) == R"(Usage: weir COMMAND [FLAG...]

One program.

Commands:
  edge    Serves clients from cache and from origins.
  config  Prints and checks settings.

`weir COMMAND --help` lists the flags of a command.
)");
  std::istringstream lines(command_help("weir", commands[0]));
  for (std::string line; std::getline(lines, line);)
    CHECK(line.size() <= 100);
}

}  // namespace weir::settings
