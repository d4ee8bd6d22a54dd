#pragma once
// ProgramImage: how this process was started, so that it can start its successor the same way.
// Taken first thing in main().

#include <string>
#include <vector>

namespace weir::cli {

struct ProgramImage {
  std::string path;                      // what to execute: the file may be another by then
  std::vector<std::string> words;        // argv, from the program's name on
  std::vector<std::string> environment;  // "NAME=value", without what was handed over to us

  static ProgramImage take(int argc, char** argv);
};

}  // namespace weir::cli
