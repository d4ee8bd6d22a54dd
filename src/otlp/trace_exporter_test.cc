#include "otlp/trace_exporter.h"

#include <fcntl.h>

#include "otlp/otlp_test_kit.h"
#include "otlp/sink_test_kit.h"

namespace weir::otlp::test {

using runtime::Task;

namespace {

// Two shards' queues with an exporter on one shard; settings are quick, so that tests are.
struct Exporting {
  explicit Exporting(runtime::Shard& one, std::string url, uint32_t queue_spans = 10'000)
      : shard(one), tracing(2, telemetry_with(1, queue_spans), 7) {
    settings = settings::defaults(otlp_settings());
    settings.endpoint = std::move(url);
    settings.interval = milliseconds(20);
    settings.timeout = milliseconds(500);
    settings.retry = {milliseconds(10), milliseconds(20), seconds(3)};
  }
  ~Exporting() { ::close(null_fd); }

  void start() {
    const auto endpoint = *endpoint_of(settings, Signal::traces);
    auto share = *net::OriginShare::make(receiver_of(settings, endpoint), 1);
    exporter = std::make_unique<TraceExporter>(
        shard, TraceExporterParts{tracing, registry.recorder(0), log, resolver, std::move(share)},
        settings, Resource{.attributes = {{"service.name", "test"}}, .program_version = "1"});
    exporter->start();
  }
  telemetry::TraceQueue& queue(unsigned i) { return tracing.tracer(i).queue(); }
  uint64_t exported() { return queue(0).spans_exported() + queue(1).spans_exported(); }
  uint64_t failed() { return queue(0).spans_failed() + queue(1).spans_failed(); }
  uint64_t held() { return queue(0).spans_held() + queue(1).spans_held(); }
  // Until all queues are empty, or five seconds have passed.
  Task<> settled() {
    const MonoTime end = shard.reactor().now() + seconds(5);
    while (held() > 0 && shard.reactor().now() < end)
      co_await net::test::pause(shard.reactor(), milliseconds(2));
    CHECK(held() == 0);
  }

  runtime::Shard& shard;
  telemetry::Tracing tracing;
  telemetry::Registry registry{1};
  int null_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  telemetry::EventLog log{null_fd};
  net::LiteralResolver resolver;
  OtlpSettings settings;
  std::unique_ptr<TraceExporter> exporter;
};

using CaseBody = Task<> (*)(Sink& sink, Exporting& exporting);

Task<> run_case(net::test::OneShard& one, std::vector<std::string> answers, CaseBody body) {
  Sink sink(one.reactor(), std::move(answers));
  Exporting exporting(one.shard(), sink.url());
  co_await body(sink, exporting);
  co_await exporting.exporter->stop();
  const auto snapshot = exporting.registry.collect();
  const telemetry::Metric* inflight = snapshot.find("otel.sdk.exporter.span.inflight");
  REQUIRE(inflight);
  CHECK(std::get<int64_t>(inflight->points.at(0).value) == 0);
  co_await sink.stop();
}

void on_every_reactor(const std::vector<std::string>& answers, CaseBody body) {
  for (const auto kind : net::test::reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    net::test::OneShard one(kind);
    one.run(run_case(one, answers, body));
  }
}

std::string answer(std::string_view status, std::string_view fields = "",
                   std::string_view body = "") {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace

TEST_CASE("the traces of all shards reach the receiver in one request") {
  on_every_reactor({}, [](Sink& sink, Exporting& all) -> Task<> {
    all.settings.headers = {{"api-key", "secret"}};
    record_request(all.tracing.tracer(0));
    record_request(all.tracing.tracer(1));
    all.start();
    co_await all.settled();
    REQUIRE(sink.bodies().size() == 1);
    CHECK(spans_of(sink.bodies()[0]).size() == 4);
    const std::string& head = sink.heads()[0];
    CHECK(head.starts_with("POST /v1/traces HTTP/1.1\r\n"));
    CHECK(head.contains("Content-Type: application/x-protobuf\r\n"));
    CHECK(head.contains("api-key: secret\r\n"));
    CHECK(all.exported() == 4);
  });
}

TEST_CASE("an empty queue sends nothing") {
  on_every_reactor({}, [](Sink& sink, Exporting& all) -> Task<> {
    all.start();
    co_await net::test::pause(all.shard.reactor(), milliseconds(80));
    CHECK(sink.bodies().empty());
  });
}

TEST_CASE("more spans than a request may have go in several, whole traces each") {
  on_every_reactor({}, [](Sink& sink, Exporting& all) -> Task<> {
    all.settings.batch_spans_max = 101;
    for (int i = 0; i < 200; ++i)
      record_request(all.tracing.tracer(i % 2 == 0 ? 0 : 1));
    all.start();
    co_await all.settled();
    size_t spans = 0;
    for (const std::string& body : sink.bodies()) {
      CHECK(spans_of(body).size() <= 101);
      spans += spans_of(body).size();
    }
    CHECK(spans == 400);
    CHECK(sink.bodies().size() <= 6);
  });
}

TEST_CASE("bytes bound a request, too") {
  on_every_reactor({}, [](Sink& sink, Exporting& all) -> Task<> {
    all.settings.batch_bytes_max = 64 * 1024;
    for (int i = 0; i < 400; ++i)
      record_request(all.tracing.tracer(0), std::string(250, 'p'));
    all.start();
    co_await all.settled();
    size_t spans = 0;
    for (const std::string& body : sink.bodies()) {
      CHECK(body.size() <= 64 * 1024);
      spans += spans_of(body).size();
    }
    CHECK(spans == 800);
    CHECK(all.exported() == 800);
  });
}

TEST_CASE("a queue that is half full is sent before the interval is over") {
  on_every_reactor({}, [](Sink& sink, Exporting& all) -> Task<> {
    all.settings.interval = hours(1);
    all.start();
    for (int i = 0; i < 1000; ++i)
      record_request(all.tracing.tracer(1));
    CHECK(all.held() == 2000);
    co_await net::test::pause(all.shard.reactor(), milliseconds(450));
    CHECK(sink.bodies().empty());
    for (int i = 0; i < 250; ++i)
      record_request(all.tracing.tracer(1));
    co_await all.settled();
    CHECK(all.exported() == 2500);
  });
}

TEST_CASE("what may be sent again is, after the time that the receiver asks for") {
  on_every_reactor({answer("503 Busy", "Retry-After: 1\r\n"), answer("429 Slow"), ""},
                   [](Sink& sink, Exporting& all) -> Task<> {
                     record_request(all.tracing.tracer(0));
                     const MonoTime begin = all.shard.reactor().now();
                     all.start();
                     co_await all.settled();
                     CHECK(all.shard.reactor().now() - begin >= seconds(1));
                     REQUIRE(sink.bodies().size() == 4);
                     CHECK(sink.bodies()[0] == sink.bodies()[3]);
                     CHECK(all.exported() == 2);
                     // The third meets the end of a connection that was used before: sent anew at
                     // once.
                     CHECK(all.registry.total(exporter_retries) == 2);
                   });
}

TEST_CASE("what the receiver refuses is dropped at once, and counted") {
  on_every_reactor(
      {answer("400 Bad", "", "\x12\x03why"), answer("500 Broken")},
      [](Sink& sink, Exporting& all) -> Task<> {
        all.settings.batch_spans_max = 8;
        for (int i = 0; i < 12; ++i)
          record_request(all.tracing.tracer(0));
        all.start();
        co_await all.settled();
        CHECK(sink.bodies().size() == 3);
        CHECK(all.failed() == 16);
        CHECK(all.exported() == 8);
        CHECK(all.tracing.tracer(0).dropped(telemetry::DropReason::export_failed) == 16);
      });
}

TEST_CASE("a partial success is never repeated; its rejected spans are counted as lost") {
  on_every_reactor({answer("200 OK", "", "\x0a\x08\x08\x03\x12\x04late")},
                   [](Sink& sink, Exporting& all) -> Task<> {
                     record_request(all.tracing.tracer(0));
                     record_request(all.tracing.tracer(1));
                     all.start();
                     co_await all.settled();
                     CHECK(sink.bodies().size() == 1);
                     CHECK(all.exported() == 1);
                     CHECK(all.failed() == 3);
                   });
}

TEST_CASE("retries end with elapsed_max") {
  const std::vector<std::string> always(100, answer("503 Busy"));
  on_every_reactor(always, [](Sink& sink, Exporting& all) -> Task<> {
    all.settings.retry.elapsed_max = milliseconds(100);
    record_request(all.tracing.tracer(0));
    all.start();
    co_await all.settled();
    CHECK(all.failed() == 2);
    CHECK(sink.bodies().size() >= 3);
    CHECK(sink.bodies().size() <= 13);
  });
}

TEST_CASE("bodies are compressed when asked") {
  on_every_reactor({}, [](Sink& sink, Exporting& all) -> Task<> {
    all.settings.compression = Compression::gzip;
    for (int i = 0; i < 400; ++i)
      record_request(all.tracing.tracer(0), "/the/same/path");
    all.start();
    co_await all.settled();
    CHECK(sink.heads()[0].contains("Content-Encoding: gzip\r\n"));
    CHECK(sink.bodies()[0].size() < 400 * 100);
    CHECK(sink.bodies()[0].starts_with("\x1f\x8b"));
  });
}

TEST_CASE("a stop sends what is left") {
  on_every_reactor({}, [](Sink& sink, Exporting& all) -> Task<> {
    all.settings.interval = hours(1);
    all.start();
    co_await net::test::pause(all.shard.reactor(), milliseconds(5));
    record_request(all.tracing.tracer(1));
    co_await all.exporter->stop();
    CHECK(sink.bodies().size() == 1);
    CHECK(all.exported() == 2);
  });
}

TEST_CASE("a stop does not wait long for a receiver that is away or says nothing") {
  for (const auto kind : net::test::reactor_kinds()) {
    net::test::OneShard one(kind);
    struct Body {
      static Task<> away(runtime::Shard& shard) {
        Exporting all(shard, "http://127.0.0.1:1");
        record_request(all.tracing.tracer(0));
        all.start();
        co_await net::test::pause(shard.reactor(), milliseconds(60));
        const MonoTime begin = shard.reactor().now();
        co_await all.exporter->stop();
        CHECK(shard.reactor().now() - begin < milliseconds(500));
        CHECK(all.exported() == 0);
      }
      static Task<> silent(runtime::Shard& shard) {
        const int fd = *runtime::open_listener(*Address::parse("127.0.0.1:0"), 8);
        Exporting all(shard, "http://" + runtime::local_of(fd).to_string());
        all.settings.timeout = seconds(60);
        all.settings.flush_timeout = milliseconds(50);
        record_request(all.tracing.tracer(0));
        all.start();
        co_await net::test::pause(shard.reactor(), milliseconds(60));
        const MonoTime begin = shard.reactor().now();
        co_await all.exporter->stop();
        CHECK(shard.reactor().now() - begin < milliseconds(500));
        CHECK(all.held() == 2);
        ::close(fd);
      }
    };
    one.run(Body::away(one.shard()));
    one.run(Body::silent(one.shard()));
  }
}

}  // namespace weir::otlp::test
