#include "otlp/traffic_bytes.h"

#include <doctest/doctest.h>

namespace weir::otlp {

TEST_CASE("aggregated by path a minute of traffic is 95 % smaller; one of few requests is not") {
  // A third of what one core is planned for; more only makes the difference larger.
  const TrafficBytes busy = traffic_bytes(100'000, 1000, 7);
  const auto each_request = static_cast<double>(busy.spans + busy.records);
  CAPTURE(busy.spans);
  CAPTURE(busy.records);
  CAPTURE(busy.by_path);
  CHECK(static_cast<double>(busy.by_path) < 0.05 * each_request);
  const TrafficBytes idle = traffic_bytes(200, 1000, 7);
  CHECK(static_cast<double>(idle.by_path) > 0.2 * static_cast<double>(idle.spans + idle.records));
}

}  // namespace weir::otlp
