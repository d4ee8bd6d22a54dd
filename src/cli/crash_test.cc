#include "cli/crash.h"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_SANITIZED 1
#endif
#endif

#ifndef WEIR_SANITIZED

namespace weir::cli {
namespace {

struct Death {
  int signal = 0;
  std::string said;    // on stderr
  std::string report;  // in the file
};

// The end of a child that installs the reports and then does `crash`.
Death death_by(void (*crash)()) {
  char directory[] = "/tmp/weir-crash-test-XXXXXX";
  REQUIRE(mkdtemp(directory) != nullptr);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    const rlimit no_core{};
    setrlimit(RLIMIT_CORE, &no_core);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    for (const int each : {SIGSEGV, SIGABRT})
      signal(each, SIG_DFL);
    install_crash_reports(directory);
    crash();
    _exit(0);
  }
  close(ends[1]);
  Death death;
  char text[4096];
  for (ssize_t size; (size = read(ends[0], text, sizeof text)) > 0;)
    death.said.append(text, static_cast<size_t>(size));
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  death.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  const std::string path = std::string(directory) + "/crash-" + std::to_string(pid) + ".txt";
  std::ifstream in(path);
  death.report.assign(std::istreambuf_iterator<char>(in), {});
  unlink(path.c_str());
  rmdir(directory);
  return death;
}

void write_nowhere() {
  volatile int* nowhere = reinterpret_cast<int*>(0x10);
  *nowhere = 1;
}

void be_sent_a_signal() {
  kill(getpid(), SIGSEGV);
  pause();
}

}  // namespace

TEST_CASE("a crash says what happened and where, and the process dies of its signal") {
  const Death death = death_by(write_nowhere);
  CHECK(death.signal == SIGSEGV);
  CHECK(death.said.find("crashed: SIGSEGV at 0x10, thread ") != std::string::npos);
  CHECK(death.said.find("cli_test(") != std::string::npos);
  CHECK(death.report == death.said);
}

TEST_CASE("an abort and a signal from outside are reported, too") {
  CHECK(death_by(abort).signal == SIGABRT);
  const Death sent = death_by(be_sent_a_signal);
  CHECK(sent.signal == SIGSEGV);
  CHECK(sent.said.find("SIGSEGV") != std::string::npos);
}

}  // namespace weir::cli

#endif
