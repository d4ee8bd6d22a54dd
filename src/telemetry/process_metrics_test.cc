#include "telemetry/process_metrics.h"

#include <chrono>
#include <fcntl.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace weir::telemetry {

TEST_CASE("process metrics tell CPU time, memory, descriptors and start") {
  Registry registry(1);
  const ProcessMetrics metrics(registry);
  const auto value = [&](std::string_view name) {
    const Snapshot snapshot = registry.collect();
    return std::get<double>(snapshot.find(name)->points.at(0).value);
  };
  CHECK(value("process_cpu_seconds_total") > 0);
  CHECK(value("process_resident_memory_bytes") > 1e6);
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  CHECK(value("process_start_time_seconds") > now - 3600);
  CHECK(value("process_start_time_seconds") < now + 2);
  const double before = value("process_open_fds");
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  CHECK(value("process_open_fds") == before + 1);
  ::close(fd);
  CHECK(value("process_max_fds") > before);
}

}  // namespace weir::telemetry
