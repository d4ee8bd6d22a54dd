#include "otlp/exporters.h"

#include <fcntl.h>

#include "otlp/otlp_test_kit.h"
#include "otlp/sink_test_kit.h"

namespace weir::otlp::test {

namespace {

constexpr unsigned shards = 3;

// Exporters of traces for three shards, to a receiver that takes requests and does not answer.
Task<> count_requests_under_way(net::test::OneShard& one, uint32_t concurrent, size_t expected) {
  Sink sink(one.reactor());
  sink.hold(true);
  OtlpSettings settings = settings::defaults(otlp_settings());
  settings.traces.endpoint = sink.url() + "/v1/traces";
  settings.interval = milliseconds(10);
  settings.concurrent_exports_max = concurrent;
  telemetry::Tracing tracing(shards, telemetry_with(1), 7);
  telemetry::Registry registry(1);
  const int null_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  telemetry::EventLog log(null_fd);
  net::LiteralResolver resolver;
  MetricOutbox outbox;
  const auto receivers = Receivers::of(settings, 1);
  REQUIRE(receivers);
  Exporters exporters(one.shard(), {tracing, outbox, registry.recorder(0), log, resolver},
                      *receivers, settings, Resource{.attributes = {}, .program_version = "1"});
  for (unsigned shard = 0; shard < shards; ++shard)
    record_request(tracing.tracer(shard));
  exporters.start();
  co_await net::test::pause(one.reactor(), milliseconds(100));
  CHECK(sink.bodies().size() == expected);
  sink.hold(false);
  co_await exporters.stop();
  size_t spans = 0;
  for (const std::string& body : sink.bodies())
    spans += spans_of(body).size();
  CHECK(spans == 2 * shards);
  CHECK(tracing.account().exported == 2 * shards);
  co_await sink.stop();
  ::close(null_fd);
}

}  // namespace

TEST_CASE("as many requests are under way at once as may be, and no more than there are shards") {
  for (const auto kind : net::test::reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    net::test::OneShard one(kind);
    one.run(count_requests_under_way(one, 1, 1));
    one.run(count_requests_under_way(one, 2, 2));
    one.run(count_requests_under_way(one, 64, 3));
  }
}

}  // namespace weir::otlp::test
