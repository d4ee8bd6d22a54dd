#include "cli/crash.h"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "runtime/reactor.h"
#include "settings/load.h"
#include "telemetry/trace.h"

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
  std::string traces;  // in the one beside it
};

std::string taken_from(const std::string& path) {
  std::ifstream in(path);
  std::string text(std::istreambuf_iterator<char>(in), {});
  unlink(path.c_str());
  return text;
}

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
  const std::string path = std::string(directory) + "/crash-" + std::to_string(pid);
  death.report = taken_from(path + ".txt");
  death.traces = taken_from(path + ".traces.jsonl");
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

void crash_after_requests() {
  static constexpr telemetry::SpanDecl request{"edge.request", telemetry::SpanKind::server};
  static telemetry::Tracing tracing(2, settings::defaults(telemetry::telemetry_settings()), 7);
  const MonoTime now = runtime::read_monotonic_clock();
  dump_on_crash(&tracing, seconds(10));
  for (const unsigned shard : {0u, 0u, 1u})
    for (const Duration age : {seconds(1), seconds(20)}) {
      telemetry::Trace trace(tracing.tracer(shard));
      trace.end(trace.start(request, now - age), now - age);
    }
  abort();
}

}  // namespace

TEST_CASE("a crash leaves the requests of the last seconds, of every shard") {
  const Death death = death_by(crash_after_requests);
  CHECK(death.signal == SIGABRT);
  CHECK(std::count(death.traces.begin(), death.traces.end(), '\n') == 3);
  CHECK(death.traces.find("\"name\":\"edge.request\"") != std::string::npos);
}

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
