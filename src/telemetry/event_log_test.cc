#include "telemetry/event_log.h"

#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

namespace weir::telemetry {

namespace {

class Pipe {
 public:
  Pipe() { REQUIRE(::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) == 0); }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  int writing_end() const { return ends_[1]; }
  std::string read_all() {
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = ::read(ends_[0], buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<size_t>(n));
    return text;
  }

 private:
  int ends_[2];
};

}  // namespace

TEST_CASE("a line has time, level, module, message and fields") {
  Pipe pipe;
  EventLog log(pipe.writing_end());
  WEIR_LOG(log, LogLevel::warning, "net.listener", "accept failed", {"errno", 24},
           {"peer", "a \"b\"\n"}, {"share", 0.5}, {"last", true});
  WEIR_LOG(log, LogLevel::debug, "net.listener", "not shown");
  WEIR_LOG(log, LogLevel::error, "cli", "no\x1b[31m colours");
  const std::string text = pipe.read_all();
  REQUIRE(text.size() > 26);
  CHECK(text[10] == 'T');
  CHECK(text.substr(23, 2) == "Z ");
  const size_t end = text.find('\n');
  CHECK(text.substr(25, end - 25) ==
        "WARN  net.listener accept failed errno=24 peer=\"a \\\"b\\\"\\x0a\" share=0.5 last=true");
  CHECK(text.substr(end + 26) == "ERROR cli no\\x1b[31m colours\n");
  CHECK(log.written() == 2);
}

TEST_CASE(
    "a call site gives ten lines at once, then one a second that tells how many were left out") {
  LogSite site;
  uint64_t suppressed = 0;
  int admitted = 0;
  const int64_t start = 1'000'000'000'000;
  for (int i = 0; i < 100; ++i)
    admitted += site.admit(start, suppressed);
  CHECK(admitted == 10);
  CHECK_FALSE(site.admit(start + 999'999'999, suppressed));
  CHECK(site.admit(start + 1'000'000'000, suppressed));
  CHECK(suppressed == 91);
  CHECK_FALSE(site.admit(start + 1'000'000'000, suppressed));
  CHECK(site.admit(start + 100'000'000'000, suppressed));
  CHECK(suppressed == 1);
}

TEST_CASE("a storm from many threads is counted to the last line") {
  Pipe pipe;
  EventLog log(pipe.writing_end());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i)
        WEIR_LOG(log, LogLevel::error, "test", "storm", {"i", i});
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(log.written() + log.suppressed() + log.dropped() == 4000);
  CHECK(log.written() < 30);
}

TEST_CASE("a descriptor that takes nothing costs a drop, not a wait") {
  Pipe pipe;
  const std::string filler(65536, 'x');
  while (::write(pipe.writing_end(), filler.data(), filler.size()) > 0) {
  }
  EventLog log(pipe.writing_end());
  WEIR_LOG(log, LogLevel::error, "test", "lost");
  CHECK(log.dropped() == 1);
  CHECK(log.written() == 0);
}

TEST_CASE("a line that is too long is cut and still ends") {
  Pipe pipe;
  EventLog log(pipe.writing_end());
  WEIR_LOG(log, LogLevel::error, "test", std::string(5000, 'x'), {"key", "value"});
  const std::string text = pipe.read_all();
  CHECK(text.size() == 2048);
  CHECK(text.back() == '\n');
}

}  // namespace weir::telemetry
