#include "settings/flags.h"

#include <algorithm>

#include "settings/field_info.h"
#include "settings/nearest.h"

namespace weir::settings {
namespace {

constexpr size_t columns_max = 100;
constexpr size_t left_column_max = 34;

// `text` in lines of at most `columns_max`, each but the first behind `indent` spaces; the first
// one begins at column `indent` already.
std::string wrapped(std::string_view text, size_t indent) {
  std::string lines;
  size_t column = indent;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    if (column > indent && column + 1 + word.size() > columns_max) {
      lines += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return lines + "\n";
}

struct Row {
  std::string left;
  std::string right;
};

// Two columns; a left side that is too wide gets a line of its own.
std::string table(std::span<const Row> rows) {
  size_t width = 0;
  for (const Row& row : rows)
    if (row.left.size() <= left_column_max) width = std::max(width, row.left.size());
  std::string text;
  for (const Row& row : rows) {
    text += "  " + row.left;
    if (row.left.size() > width)
      text += "\n" + std::string(width + 4, ' ');
    else
      text += std::string(width + 2 - row.left.size(), ' ');
    text += wrapped(row.right, width + 4);
  }
  return text;
}

std::string flag_text(const Flag& flag) {
  return "--" + std::string(flag.name) +
         (flag.placeholder.empty() ? "" : " " + std::string(flag.placeholder));
}

using Problem = std::unexpected<std::string>;

Problem unknown_flag(const Command& command, const std::string& name, std::string_view word) {
  std::vector<std::string> names{"--help"};
  for (const Flag& flag : command.flags)
    names.push_back("--" + std::string(flag.name));
  return Problem(name + " has no flag " + std::string(word) + did_you_mean(nearest(word, names)));
}

// Reads words one by one into Arguments.
class Reader {
 public:
  Reader(const Command& command, std::span<const std::string> words, std::string_view program)
      : command_(command),
        name_(std::string(program) + " " + std::string(command.name)),
        words_(words) {}

  std::expected<Arguments, std::string> run();

 private:
  std::expected<void, std::string> read_flag(std::string_view word);
  std::expected<void, std::string> check_count() const;

  const Command& command_;
  std::string name_;  // of program and command
  std::span<const std::string> words_;
  Arguments found_;
};

std::expected<void, std::string> Reader::read_flag(std::string_view word) {
  const size_t equals = word.find('=');
  const std::string name(word.substr(0, equals));
  const auto flag =
      std::ranges::find(command_.flags, std::string_view(name).substr(2), &Flag::name);
  if (flag == command_.flags.end()) return unknown_flag(command_, name_, name);
  if (!flag->repeatable && found_.has(flag->name)) return Problem(name + " is given twice");
  const bool has_value = equals != word.npos;
  if (flag->placeholder.empty()) {
    if (has_value) return Problem(name + " takes no value");
    found_.flags.push_back({flag->name, ""});
    return {};
  }
  if (has_value) {
    found_.flags.push_back({flag->name, std::string(word.substr(equals + 1))});
    return {};
  }
  if (words_.empty() || words_[0].starts_with("--"))
    return Problem(name + " needs a value: " + flag_text(*flag));
  found_.flags.push_back({flag->name, words_[0]});
  words_ = words_.subspan(1);
  return {};
}

std::expected<void, std::string> Reader::check_count() const {
  if (found_.arguments.size() > command_.arguments_max)
    return Problem(name_ + " does not know what to do with " +
                   quoted(found_.arguments[command_.arguments_max]));
  if (found_.arguments.size() < command_.arguments_min)
    return Problem(name_ + " needs " + std::string(command_.placeholder));
  return {};
}

std::expected<Arguments, std::string> Reader::run() {
  bool only_arguments = false;
  while (!words_.empty()) {
    const std::string& word = words_[0];
    words_ = words_.subspan(1);
    if (only_arguments || word == "-" || !word.starts_with('-')) {
      found_.arguments.push_back(word);
    } else if (word == "--") {
      only_arguments = true;
    } else if (word == "--help" || word == "-h") {
      found_.help = true;
      return std::move(found_);
    } else if (!word.starts_with("--")) {
      return unknown_flag(command_, name_, word);
    } else if (auto read = read_flag(word); !read) {
      return Problem(std::move(read.error()));
    }
  }
  if (auto counted = check_count(); !counted) return Problem(std::move(counted.error()));
  return std::move(found_);
}

}  // namespace

bool Arguments::has(std::string_view name) const {
  return std::ranges::find(flags, name, &FlagValue::name) != flags.end();
}

std::optional<std::string_view> Arguments::last(std::string_view name) const {
  const auto values = all(name);
  return values.empty() ? std::nullopt : std::optional(values.back());
}

std::vector<std::string_view> Arguments::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const FlagValue& flag : flags)
    if (flag.name == name) values.push_back(flag.value);
  return values;
}

std::expected<Arguments, std::string> parse_flags(const Command& command,
                                                  std::span<const std::string> words,
                                                  std::string_view program) {
  return Reader(command, words, program).run();
}

std::expected<const Command*, std::string> find_command(std::span<const Command> commands,
                                                        std::string_view name) {
  std::vector<std::string> names;
  for (const Command& command : commands) {
    if (command.name == name) return &command;
    names.emplace_back(command.name);
  }
  return Problem("no such command: " + quoted(name) + did_you_mean(nearest(name, names)));
}

std::string command_help(std::string_view program, const Command& command) {
  const std::string begin = "Usage: " + std::string(program) + " " + std::string(command.name);
  std::string text = begin + (command.flags.empty() ? "" : " [FLAG...]") +
                     (command.placeholder.empty() ? "" : " " + std::string(command.placeholder));
  text += "\n\n" + wrapped(command.prose, 0) + "\nFlags:\n";
  std::vector<Row> rows;
  for (const Flag& flag : command.flags)
    rows.push_back({flag_text(flag),
                    std::string(flag.prose) + (flag.repeatable ? " May be given again." : "")});
  rows.push_back({"--help", "Print this text."});
  return text + table(rows);
}

std::string program_help(std::string_view program, std::string_view prose,
                         std::span<const Command> commands) {
  std::string text = "Usage: " + std::string(program) + " COMMAND [FLAG...]\n\n" +
                     wrapped(prose, 0) + "\nCommands:\n";
  std::vector<Row> rows;
  rows.reserve(commands.size());
  for (const Command& command : commands)
    rows.push_back({std::string(command.name), std::string(command.prose)});
  text += table(rows);
  return text + "\n`" + std::string(program) + " COMMAND --help` lists the flags of a command.\n";
}

}  // namespace weir::settings
