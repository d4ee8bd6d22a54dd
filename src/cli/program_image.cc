#include "cli/program_image.h"

#include <climits>
#include <cstdlib>
#include <unistd.h>

#include "cli/inherited.h"

namespace weir::cli {
namespace {

// The path as it was typed, so that a link which points to a newer program by then is followed.
std::string executable(const std::string& typed) {
  char text[PATH_MAX];
  if (typed.starts_with('/')) return typed;
  if (typed.find('/') != typed.npos && getcwd(text, sizeof text))
    return std::string(text) + '/' + typed;
  const ssize_t size = readlink("/proc/self/exe", text, sizeof text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : typed;
}

}  // namespace

ProgramImage ProgramImage::take(int argc, char** argv) {
  ProgramImage image;
  image.words.assign(argv, argv + argc);
  image.path = executable(argc > 0 ? image.words[0] : "");
  for (char** variable = environ; *variable; ++variable)
    if (!Inherited::is_variable(*variable)) image.environment.emplace_back(*variable);
  return image;
}

}  // namespace weir::cli
