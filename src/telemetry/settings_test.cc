#include "telemetry/settings.h"

#include <doctest/doctest.h>

#include "base/units.h"
#include "settings/load.h"

namespace weir::telemetry {

TEST_CASE(
    "defaults keep one trace in a hundred, every error within reason, and every access line") {
  const TelemetrySettings settings = settings::defaults(telemetry_settings());
  CHECK(settings.sampling.strategy == SamplingStrategy::tail);
  CHECK(settings.sampling.rate == 0.01);
  CHECK(settings.sampling.certain_per_second_max == 100);
  CHECK(settings.access_log.path == "-");
  CHECK(settings.access_log.rate == 1);
  CHECK(settings.access_log.ring_bytes == 4 * MiB);
  CHECK(settings.flight_recorder_bytes == 8 * MiB);
  CHECK(settings.queue_spans_max == 10'000);
  CHECK(settings.log_level == LogLevel::info);
}

}  // namespace weir::telemetry
