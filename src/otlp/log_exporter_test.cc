#include "otlp/log_exporter.h"

#include <fcntl.h>

#include "otlp/metric_exporter.h"
#include "otlp/otlp_test_kit.h"
#include "otlp/sink_test_kit.h"

namespace weir::otlp::test {

using telemetry::AttributeKey;
using telemetry::LogEvent;

namespace {

constexpr telemetry::LogEventDecl failed_event{"request.failed", telemetry::LogLevel::error,
                                               "a request failed"};
constexpr TraceContext context{{1, 2}, {3}, TraceContext::sampled};

// Exporters of logs and metrics on one shard; settings are quick, so that tests are.
struct Exporting {
  Exporting(runtime::Shard& one, std::string url) : shard(one), tracing(2, telemetry_with(1), 7) {
    settings = settings::defaults(otlp_settings());
    settings.endpoint = std::move(url);
    settings.interval = milliseconds(20);
    settings.timeout = milliseconds(500);
    settings.retry = {milliseconds(10), milliseconds(20), seconds(3)};
    for (unsigned i = 0; i < 2; ++i)
      tracing.tracer(i).logs().enable();
  }
  ~Exporting() { ::close(null_fd); }

  DeliveryParts parts(Signal signal) {
    auto share = *net::OriginShare::make(receiver_of(settings, *endpoint_of(settings, signal)), 1);
    return {registry.recorder(0), log, resolver, std::move(share)};
  }
  void start() {
    logs = std::make_unique<LogExporter>(shard, tracing, parts(Signal::logs), settings, resource);
    metrics =
        std::make_unique<MetricExporter>(shard, outbox, parts(Signal::metrics), settings, resource);
    logs->start();
    metrics->start();
  }
  Task<> stop() {
    co_await logs->stop();
    co_await metrics->stop();
  }
  void say(unsigned on, std::string_view path = "/a") {
    LogEvent(tracing.tracer(on).logs(), failed_event, at(1000), context)
        .set(AttributeKey::url_path, path);
  }
  template <class Count>
  uint64_t sum(Count count) {
    return count(tracing.tracer(0).logs()) + count(tracing.tracer(1).logs());
  }
  uint64_t exported() {
    return sum([](const telemetry::LogEvents& events) { return events.exported(); });
  }
  uint64_t failed() {
    return sum([](const telemetry::LogEvents& events) { return events.failed(); });
  }
  double counted(const telemetry::CounterDecl& decl) {
    return static_cast<double>(registry.total(decl));
  }
  template <class Condition>
  Task<> until(Condition condition) {
    const MonoTime end = shard.now() + seconds(5);
    while (!condition() && shard.now() < end)
      co_await net::test::pause(shard.reactor(), milliseconds(2));
    CHECK(condition());
  }

  runtime::Shard& shard;
  telemetry::Tracing tracing;
  telemetry::Registry registry{1};
  int null_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  telemetry::EventLog log{null_fd};
  net::LiteralResolver resolver;
  OtlpSettings settings;
  Resource resource{.attributes = {{"service.name", "test"}}, .program_version = "1"};
  MetricOutbox outbox;
  std::unique_ptr<LogExporter> logs;
  std::unique_ptr<MetricExporter> metrics;
};

using CaseBody = Task<> (*)(Sink& sink, Exporting& exporting);

Task<> run_case(net::test::OneShard& one, std::vector<std::string> answers, CaseBody body) {
  Sink sink(one.reactor(), std::move(answers));
  Exporting exporting(one.shard(), sink.url());
  co_await body(sink, exporting);
  co_await exporting.stop();
  co_await sink.stop();
}

void on_every_reactor(const std::vector<std::string>& answers, CaseBody body) {
  for (const auto kind : net::test::reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    net::test::OneShard one(kind);
    one.run(run_case(one, answers, body));
  }
}

constexpr const char* busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
constexpr const char* refused = "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n";

// Log records of a request, which has one resource and one scope.
std::vector<Fields> records_of(std::string_view request) {
  const Fields scope_logs = decode(one(decode(one(decode(request), 1)), 2));
  std::vector<Fields> records;
  for (const std::string& record : each(scope_logs, 2))
    records.push_back(decode(record));
  return records;
}

}  // namespace

TEST_CASE("a log record carries time, severity, body, attributes, trace, span and name") {
  telemetry::Tracing tracing(1, telemetry_with(1), 7);
  tracing.set_clock(at(0), WallTime(seconds(1)));
  telemetry::LogEvents& events = tracing.tracer(0).logs();
  events.enable();
  LogEvent(events, failed_event, at(5), context)
      .set(AttributeKey::url_path, "/\xff")
      .set(AttributeKey::http_response_status_code, 502);
  telemetry::LogEvents::Batch batch;
  events.peek(1, batch);
  LogEncoder encoder({.attributes = {{"service.name", "test"}}, .program_version = "1"}, tracing);
  encoder.begin(1 << 20);
  REQUIRE(encoder.add(batch.records.at(0)));
  const auto records = records_of(encoder.end());
  REQUIRE(records.size() == 1);
  const Fields& record = records[0];
  CHECK(number_of(one(record, 1)) == 1'000'000'005);
  CHECK(number_of(one(record, 2)) == 17);
  CHECK(one(record, 3) == "ERROR");
  CHECK(one(decode(one(record, 5)), 1) == "a request failed");
  CHECK(attributes(record, 6) ==
        std::vector<std::string>{"url.path=text:/?", "http.response.status_code=int:502"});
  CHECK(number_of(one(record, 8)) == 1);
  CHECK(one(record, 9) == std::string("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2", 16));
  CHECK(one(record, 10) == std::string("\0\0\0\0\0\0\0\3", 8));
  CHECK(one(record, 12) == "request.failed");
}

TEST_CASE("a line of the log becomes a record with its module and fields as attributes") {
  telemetry::Tracing tracing(1, telemetry_with(1), 7);
  telemetry::LoggedLine line{
      1'000'000'005, telemetry::LogLevel::warning, "otlp", "the receiver is \xff", {}};
  line.fields = {{"to", "127.0.0.1:4318"}, {"times", int64_t{3}}, {"share", 0.5}};
  LogEncoder encoder({.attributes = {}, .program_version = "1"}, tracing);
  encoder.begin(1 << 20);
  REQUIRE(encoder.add(&line));
  const auto records = records_of(encoder.end());
  REQUIRE(records.size() == 1);
  const Fields& record = records[0];
  CHECK(number_of(one(record, 1)) == 1'000'000'005);
  CHECK(number_of(one(record, 2)) == 13);
  CHECK(one(record, 3) == "WARN");
  CHECK(one(decode(one(record, 5)), 1) == "the receiver is ?");
  CHECK(attributes(record, 6) == std::vector<std::string>{"module=text:otlp",
                                                          "to=text:127.0.0.1:4318", "times=int:3",
                                                          "share=double:0.500000"});
  CHECK(record.count(9) == 0);
  CHECK(record.count(10) == 0);
}

TEST_CASE("lines of the log reach the receiver, and are counted") {
  on_every_reactor({}, [](Sink& sink, Exporting& all) -> Task<> {
    all.tracing.lines().enable();
    all.log.also_to(&all.tracing.lines());
    WEIR_LOG(all.log, telemetry::LogLevel::info, "test", "a line");
    all.start();
    co_await all.until([&] { return all.tracing.lines().exported() == 1; });
    const auto records = records_of(sink.bodies().at(0));
    REQUIRE(records.size() == 1);
    CHECK(one(decode(one(records[0], 5)), 1) == "a line");
    CHECK(all.counted(exporter_logs_exported) == 1);
    CHECK(all.exported() == 0);
  });
}

TEST_CASE("a request is bounded in bytes") {
  telemetry::Tracing tracing(1, telemetry_with(1), 7);
  telemetry::LogEvents& events = tracing.tracer(0).logs();
  events.enable();
  for (int i = 0; i < 20; ++i)
    LogEvent(events, failed_event, at(5), context)
        .set(AttributeKey::url_path, std::string(200, 'p'));
  telemetry::LogEvents::Batch batch;
  events.peek(100, batch);
  LogEncoder encoder({.attributes = {}, .program_version = "1"}, tracing);
  encoder.begin(2000);
  size_t count = 0;
  while (count < batch.records.size() && encoder.add(batch.records[count]))
    ++count;
  CHECK(count > 3);
  CHECK(count < 20);
  const std::string_view request = encoder.end();
  CHECK(request.size() <= 2000);
  CHECK(records_of(request).size() == count);
}

TEST_CASE("the log events of all shards reach the receiver, and are counted") {
  on_every_reactor({}, [](Sink& sink, Exporting& all) -> Task<> {
    for (int i = 0; i < 10; ++i)
      all.say(i % 2 == 0 ? 0 : 1);
    all.start();
    co_await all.until([&] { return all.exported() == 10; });
    CHECK(sink.heads().at(0).starts_with("POST /v1/logs HTTP/1.1\r\n"));
    CHECK(all.counted(exporter_logs_exported) == 10);
  });
}

TEST_CASE("log events that the receiver cannot take now are sent again, refused ones are not") {
  on_every_reactor({busy, refused}, [](Sink& sink, Exporting& all) -> Task<> {
    all.say(0);
    all.start();
    co_await all.until([&] { return all.failed() == 1; });
    CHECK(sink.bodies().size() == 2);
    all.say(0);
    co_await all.until([&] { return all.exported() == 1; });
  });
}

TEST_CASE("metrics are sent as they were laid out, again when the receiver was busy") {
  on_every_reactor({busy}, [](Sink& sink, Exporting& all) -> Task<> {
    all.start();
    all.outbox.put({{"one", 3}, {"two", 4}});
    co_await all.until([&] { return sink.bodies().size() == 3; });
    CHECK(sink.bodies() == std::vector<std::string>{"one", "one", "two"});
    CHECK(sink.heads()[0].starts_with("POST /v1/metrics HTTP/1.1\r\n"));
    co_await all.until([&] { return all.counted(exporter_points_exported) == 7; });
  });
}

TEST_CASE("a stop sends what is there, each request once") {
  on_every_reactor({busy}, [](Sink& sink, Exporting& all) -> Task<> {
    all.settings.interval = hours(1);
    all.start();
    all.say(1);
    all.outbox.put({{"last", 1}});
    co_await all.stop();
    CHECK(sink.bodies().size() == 2);
    CHECK(all.exported() + all.failed() + all.registry.total(exporter_points_exported) == 2);
    all.start();
  });
}

}  // namespace weir::otlp::test
