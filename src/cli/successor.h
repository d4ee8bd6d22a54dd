#pragma once
// Successor: the program that is to replace this one: started as a child with our listening
// sockets, it says through a pipe when it serves. Main thread only.

#include <expected>
#include <span>
#include <string>
#include <sys/types.h>

#include "cli/inherited.h"
#include "cli/program_image.h"

namespace weir::cli {

class Successor {
 public:
  enum class State : uint8_t { starting, ready, failed };

  // The error says why no process could be made.
  static std::expected<Successor, std::string> start(const ProgramImage& image,
                                                     std::span<const NamedSocket> sockets);
  Successor(Successor&& other) noexcept;
  Successor& operator=(Successor&&) = delete;
  // Lets it run.
  ~Successor();

  pid_t pid() const { return pid_; }
  // Can be read once there is news: then ask state().
  int news_fd() const { return news_fd_; }
  State state();
  // Ends it if it still runs; says how it ended: "exit status 2", "signal 9".
  std::string end();

 private:
  Successor(pid_t pid, int news_fd) : pid_(pid), news_fd_(news_fd) {}

  pid_t pid_;
  int news_fd_;
};

}  // namespace weir::cli
