#include "telemetry/self_metrics.h"

#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace weir::telemetry {

TEST_CASE("what the recording costs and loses can be scraped") {
  Registry registry(1);
  LineLog access_log("/dev/null", 1, 4096);
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  EventLog events(null);
  const SelfMetrics metrics(registry, access_log, events);
  std::memcpy(access_log.producer(0).reserve(2), "x\n", 2);
  access_log.producer(0).commit(2);
  CHECK(access_log.producer(0).reserve(4000) == nullptr);
  for (int i = 0; i < 15; ++i)
    WEIR_LOG(events, LogLevel::info, "test", "line");
  constexpr CounterDecl any{.name = "any", .unit = "1", .help = "Any."};
  registry.recorder(0).bind(any);
  const auto value = [&](std::string_view name) {
    return std::get<double>(registry.collect().find(name)->points.at(0).value);
  };
  CHECK(value("telemetry.access_log.lines") == 1);
  CHECK(value("telemetry.access_log.dropped") == 1);
  CHECK(value("telemetry.access_log.errors") == 0);
  CHECK(value("telemetry.events.written") == 10);
  CHECK(value("telemetry.events.suppressed") == 5);
  CHECK(value("telemetry.metrics.memory") > 0);
  ::close(null);
}

}  // namespace weir::telemetry
