#pragma once
// Flags: the command line of a subcommand, declared as a table: `weir edge --listen HOST:PORT`.
// Turns arguments into values and writes the help text; never prints, never exits, and knows
// nothing of what the flags mean.

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::settings {

struct Flag {
  std::string_view name;         // without dashes: "listen"
  std::string_view placeholder;  // of its value: "HOST:PORT"; empty: a switch without a value
  std::string_view prose;        // one sentence
  bool repeatable = false;
};

struct Command {
  std::string_view name;  // "edge"
  std::string_view prose;
  std::vector<Flag> flags = {};
  std::string_view placeholder =
      {};  // of the arguments that are no flags: "KEY..."; empty: takes none
  size_t arguments_min = 0;
  size_t arguments_max = 0;
};

struct FlagValue {
  std::string_view name;  // as declared
  std::string value;      // empty for a switch
};

// What a command line says. Views point into the table.
struct Arguments {
  std::vector<FlagValue> flags;        // in the order in which they were given
  std::vector<std::string> arguments;  // what is no flag
  bool help = false;                   // --help or -h was given; nothing else was checked

  bool has(std::string_view name) const;
  // The last value of a flag.
  std::optional<std::string_view> last(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
};

// `words` is what stands behind the command's name. Takes `--flag value`, `--flag=value`, and "--",
// behind which nothing is a flag. The error names the word, what is wrong, and the nearest flag.
// `program` is what stands before the command's name.
std::expected<Arguments, std::string> parse_flags(const Command& command,
                                                  std::span<const std::string> words,
                                                  std::string_view program = "weir");

// The command of that name; the error names the nearest one.
std::expected<const Command*, std::string> find_command(std::span<const Command> commands,
                                                        std::string_view name);

// `weir edge --help`: usage, prose, one entry a flag. At most 100 columns.
std::string command_help(std::string_view program, const Command& command);
// `weir --help`: one entry a command. At most 100 columns.
std::string program_help(std::string_view program, std::string_view prose,
                         std::span<const Command> commands);

}  // namespace weir::settings
