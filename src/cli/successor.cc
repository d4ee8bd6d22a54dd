#include "cli/successor.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace weir::cli {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts)
    all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

std::string handover_text(std::span<const NamedSocket> sockets, int ready_fd) {
  std::string text = std::string(Inherited::handover_variable) + "=";
  for (const NamedSocket& socket : sockets)
    text += socket.name + "=" + std::to_string(socket.fd) + ",";
  return text + "ready=" + std::to_string(ready_fd);
}

// In the child of a process with many threads: system calls only. Does not return.
[[noreturn]] void become(const char* path, char** words, char** environment,
                         std::span<const int> keep) {
  for (const int fd : keep)
    fcntl(fd, F_SETFD, 0);
  execve(path, words, environment);
  _exit(127);
}

}  // namespace

std::expected<Successor, std::string> Successor::start(const ProgramImage& image,
                                                       std::span<const NamedSocket> sockets) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return std::unexpected(std::string("cannot make a pipe: ") + std::strerror(errno));
  std::vector<std::string> words = image.words, environment = image.environment;
  environment.push_back(handover_text(sockets, ends[1]));
  std::vector<char*> word_pointers = pointers(words), variables = pointers(environment);
  std::vector<int> keep{ends[1]};
  for (const NamedSocket& socket : sockets)
    keep.push_back(socket.fd);
  const pid_t pid = fork();
  if (pid == 0) become(image.path.c_str(), word_pointers.data(), variables.data(), keep);
  const int error = errno;
  close(ends[1]);
  if (pid > 0) return Successor(pid, ends[0]);
  close(ends[0]);
  return std::unexpected(std::string("cannot make a process: ") + std::strerror(error));
}

Successor::Successor(Successor&& other) noexcept
    : pid_(other.pid_), news_fd_(std::exchange(other.news_fd_, -1)) {}

Successor::~Successor() {
  if (news_fd_ >= 0) close(news_fd_);
}

Successor::State Successor::state() {
  pollfd news{news_fd_, POLLIN, 0};
  if (poll(&news, 1, 0) <= 0) return State::starting;
  char byte = 0;
  const bool said = read(news_fd_, &byte, 1) == 1 && byte == Inherited::ready_byte;
  return said ? State::ready : State::failed;
}

std::string Successor::end() {
  int status = 0;
  bool ended = false;
  // One that has given up is about to be gone, and its exit status says why.
  const bool gave_up = state() == State::failed;
  for (int i = 0; gave_up && !ended && i < 100; ++i) {
    ended = waitpid(pid_, &status, WNOHANG) == pid_;
    if (!ended) poll(nullptr, 0, 10);
  }
  if (!ended) {
    kill(pid_, SIGKILL);
    waitpid(pid_, &status, 0);
  }
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) == 127) return "exit status 127: it could not be executed";
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace weir::cli
