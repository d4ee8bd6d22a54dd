#include "telemetry/event_outbox.h"

#include <fcntl.h>
#include <thread>
#include <unistd.h>

#include <doctest/doctest.h>

namespace weir::telemetry {

namespace {

LoggedLine line(std::string message) {
  LoggedLine line;
  line.message = std::move(message);
  return line;
}

}  // namespace

TEST_CASE("a line of the log comes out with what it was made of") {
  const int null_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  EventLog log(null_fd);
  EventOutbox outbox(10);
  outbox.enable();
  log.also_to(&outbox);
  WEIR_LOG(log, LogLevel::warning, "net.listener", "accept failed", {"errno", 24}, {"share", 0.5},
           {"who", std::string(3000, 'x')});
  WEIR_LOG(log, LogLevel::debug, "net.listener", "below the level");
  EventOutbox::Batch batch;
  outbox.peek(10, batch);
  REQUIRE(batch.records.size() == 1);
  const LoggedLine& found = *batch.records[0];
  CHECK(found.level == LogLevel::warning);
  CHECK(found.module == "net.listener");
  CHECK(found.message == "accept failed");
  CHECK(found.wall_ns > 1'700'000'000'000'000'000);
  REQUIRE(found.fields.size() == 3);
  CHECK(found.fields[0] == std::pair<std::string, LoggedLine::Value>{"errno", int64_t{24}});
  CHECK(found.fields[1] == std::pair<std::string, LoggedLine::Value>{"share", 0.5});
  CHECK(std::get<std::string>(found.fields[2].second) ==
        std::string(LoggedLine::text_bytes_max, 'x'));
  ::close(null_fd);
}

TEST_CASE("nothing is kept while nobody exports lines") {
  EventOutbox outbox(10);
  outbox.put(line("a"));
  CHECK(outbox.recorded() + outbox.dropped() == 0);
}

TEST_CASE("lines that find no room are counted, and room comes back") {
  EventOutbox outbox(2);
  outbox.enable();
  for (const char* message : {"a", "b", "c"})
    outbox.put(line(message));
  CHECK(outbox.dropped() == 1);
  EventOutbox::Batch batch;
  outbox.peek(1, batch);
  REQUIRE(batch.records.size() == 1);
  outbox.settle(batch, 1, 1);
  outbox.put(line("d"));
  outbox.peek(10, batch);
  REQUIRE(batch.records.size() == 2);
  CHECK(batch.records[0]->message == "b");
  CHECK(batch.records[1]->message == "d");
  outbox.settle(batch, 2, 0);
  CHECK(outbox.exported() == 2);
  CHECK(outbox.failed() == 1);
  CHECK(outbox.held() == 0);
}

TEST_CASE("every line of many threads is exported, dropped or held") {
  EventOutbox outbox(16);
  outbox.enable();
  constexpr uint64_t each = 2000;
  std::vector<std::thread> crew;
  for (int i = 0; i < 3; ++i)
    crew.emplace_back([&] {
      for (uint64_t n = 0; n < each; ++n)
        outbox.put(line("text"));
    });
  EventOutbox::Batch batch;
  uint64_t taken = 0;
  for (int i = 0; i < 1000; ++i) {
    outbox.peek(5, batch);
    for (const LoggedLine* found : batch.records)
      taken += found->message == "text" ? 1 : 0;
    outbox.settle(batch, batch.records.size(), 0);
  }
  for (std::thread& thread : crew)
    thread.join();
  CHECK(outbox.exported() == taken);
  CHECK(outbox.exported() + outbox.dropped() + outbox.held() == 3 * each);
}

}  // namespace weir::telemetry
