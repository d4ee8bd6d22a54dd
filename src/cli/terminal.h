#pragma once
// What is said to the person at the terminal: results on stdout, complaints on stderr.

#include <string_view>

namespace weir::cli {

// Exit statuses: all is well; something went wrong; the command line or configuration is wrong.
enum ExitStatus : int { exit_well = 0, exit_failed = 1, exit_misused = 2 };

void say(std::string_view text);
// "weir: TEXT"; ends the line if the text does not.
void complain(std::string_view text);

}  // namespace weir::cli
