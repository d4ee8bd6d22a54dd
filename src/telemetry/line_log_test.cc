#include "telemetry/line_log.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

#include <doctest/doctest.h>

#include "telemetry/page_cache_test_kit.h"

namespace weir::telemetry {

namespace {

class TemporaryFile {
 public:
  TemporaryFile() {
    const int fd = ::mkstemp(path_.data());
    REQUIRE(fd >= 0);
    ::close(fd);
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/weir-line-log-XXXXXX";
};

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    lines.push_back(line);
  return lines;
}

bool put(LineLog::Producer& producer, const std::string& line) {
  char* at = producer.reserve(line.size() + 10);
  if (!at) return false;
  std::copy(line.begin(), line.end(), at);
  at[line.size()] = '\n';
  producer.commit(line.size() + 1);
  return true;
}

}  // namespace

TEST_CASE("lines of all shards reach the file whole and in their shard's order") {
  const TemporaryFile file;
  {
    LineLog log(file.path(), 2);
    REQUIRE(log.check_open());
    for (int i = 0; i < 100; ++i) {
      CHECK(put(log.producer(0), "a" + std::to_string(i)));
      CHECK(put(log.producer(1), "b" + std::to_string(i)));
    }
  }
  int next[2] = {0, 0};
  for (const std::string& line : lines_of(file.path()))
    REQUIRE(line.substr(1) == std::to_string(next[line[0] - 'a']++));
  CHECK(next[0] == 100);
  CHECK(next[1] == 100);
}

TEST_CASE("without being asked the writer writes soon") {
  const TemporaryFile file;
  LineLog log(file.path(), 1);
  put(log.producer(0), "soon");
  for (int i = 0; i < 200 && log.bytes_written() == 0; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  CHECK(lines_of(file.path()) == std::vector<std::string>{"soon"});
}

TEST_CASE("every line is either written or counted as dropped, while shards and writer race") {
  const TemporaryFile file;
  constexpr int attempts = 30'000;
  uint64_t accepted = 0, dropped = 0, accepted_by[2] = {0, 0};
  {
    LineLog log(file.path(), 2, 4096);
    auto shard = [&](unsigned index) {
      const std::string filler(30, 'x');
      for (int i = 0; i < attempts; ++i)
        accepted_by[index] += put(
            log.producer(index), std::to_string(i) + filler.substr(0, static_cast<size_t>(i % 30)));
    };
    std::thread first(shard, 0), second(shard, 1);
    first.join();
    second.join();
    accepted = log.lines();
    dropped = log.dropped();
  }
  CHECK(accepted == accepted_by[0] + accepted_by[1]);
  CHECK(accepted + dropped == 2 * attempts);
  CHECK(dropped > 0);
  const auto lines = lines_of(file.path());
  CHECK(lines.size() == accepted);
  for (const std::string& line : lines) {
    const size_t digits = line.find('x') == std::string::npos ? line.size() : line.find('x');
    REQUIRE(line.size() - digits == static_cast<size_t>(std::stoi(line) % 30));
  }
}

TEST_CASE("a line that is larger than half the ring is dropped") {
  const TemporaryFile file;
  LineLog log(file.path(), 1, 4096);
  CHECK_FALSE(put(log.producer(0), std::string(3000, 'x')));
  CHECK(log.dropped() == 1);
}

TEST_CASE("after a rename and reopen, lines go to a new file") {
  const TemporaryFile file, old;
  LineLog log(file.path(), 1);
  put(log.producer(0), "before");
  log.drain_now();
  REQUIRE(std::rename(file.path().c_str(), old.path().c_str()) == 0);
  put(log.producer(0), "still before");
  log.drain_now();
  log.reopen();
  put(log.producer(0), "after");
  log.drain_now();
  CHECK(lines_of(old.path()) == std::vector<std::string>{"before", "still before"});
  CHECK(lines_of(file.path()) == std::vector<std::string>{"after"});
}

TEST_CASE("a full disk is counted and stops nothing") {
  LineLog log("/dev/full", 1);
  put(log.producer(0), "lost");
  log.drain_now();
  CHECK(put(log.producer(0), "also lost"));
  log.drain_now();
  CHECK(log.write_errors() == 2);
  CHECK(log.bytes_lost() == 15);
  CHECK(log.lines() == 2);
}

TEST_CASE("a path that cannot be opened is an error that says so") {
  LineLog log("/nonexistent/access.log", 1);
  const auto opened = log.check_open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().sys == ENOENT);
  put(log.producer(0), "lost");
  log.drain_now();
  CHECK(log.bytes_lost() == 5);
}

TEST_CASE("a pipe that nobody reads fills the ring and does not hold up the stop for long") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const auto start = std::chrono::steady_clock::now();
  {
    LineLog log("/proc/self/fd/" + std::to_string(ends[1]), 1, 4096);
    const std::string line(100, 'x');
    while (log.dropped() == 0)
      if (!put(log.producer(0), line)) break;
    std::this_thread::sleep_for(milliseconds(100));
    for (int i = 0; i < 10'000; ++i)
      put(log.producer(0), line);
    CHECK(log.dropped() > 0);
  }
  CHECK(std::chrono::steady_clock::now() - start < seconds(5));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a long log does not stay in memory") {
  if (!pages_can_be_given_back()) return;
  const TemporaryFile file;
  const int fd = ::open(file.path().c_str(), O_RDWR | O_CLOEXEC);
  LineLog log(file.path(), 1);
  const std::string line(64 * KiB - 1, 'x');
  for (int64_t size = 0; size < resident_bytes_max + 4 * WriteBehind::stretch_bytes;) {
    for (int i = 0; i < 16; ++i)
      REQUIRE(put(log.producer(0), line));
    log.drain_now();
    REQUIRE(::fdatasync(fd) == 0);
    REQUIRE(comes_down_to(fd, resident_bytes_max));
    size = ::lseek(fd, 0, SEEK_END);
  }
  ::close(fd);
}

}  // namespace weir::telemetry
