#include "cli/terminal.h"

#include <cstdio>

namespace weir::cli {

void say(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void complain(std::string_view text) {
  std::fwrite("weir: ", 1, 6, stderr);
  std::fwrite(text.data(), 1, text.size(), stderr);
  if (!text.ends_with('\n')) std::fputc('\n', stderr);
}

}  // namespace weir::cli
