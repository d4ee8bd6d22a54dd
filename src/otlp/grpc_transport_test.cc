#include "otlp/grpc_transport.h"

#include <fcntl.h>
#include <map>

#include <doctest/doctest.h>

#include "net/client_test_kit.h"
#include "net/http_server.h"
#include "otlp/delivery.h"
#include "settings/load.h"
#include "telemetry/registry.h"
#include "wire/http1_chunked.h"

namespace weir::otlp {
namespace {

using runtime::Task;

struct Answer {
  std::string status = "0";
  std::string details;  // base64
  std::string message;  // a gRPC message's bytes
};

// Gives the prepared answers, then "took all", and keeps what it was sent.
class Receiver final : public net::HttpHandler {
 public:
  Task<> handle(net::HttpExchange& exchange) override {
    std::string body;
    while (!exchange.body().done()) {
      const Result<std::string_view> piece = co_await exchange.read_body();
      if (!piece) co_return exchange.abort();
      body += *piece;
    }
    bodies.push_back(body);
    path = std::string(exchange.head.path);
    for (const wire::Field& field : exchange.head.fields)
      fields[std::string(field.name)] = std::string(field.value);
    say(exchange, bodies.size() <= answers.size() ? answers[bodies.size() - 1] : Answer{});
  }
  void reject(net::HttpExchange& exchange, uint16_t, const char*) override { exchange.abort(); }

  std::vector<Answer> answers;
  std::vector<std::string> bodies;
  std::string path;
  std::map<std::string, std::string> fields;

 private:
  static void say(net::HttpExchange& exchange, const Answer& answer) {
    Buffer& out = exchange.out();
    out.append(
        "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::array<wire::Field, 3> storage;
    wire::Fields trailers{std::span<wire::Field>(storage)};
    trailers.push("grpc-status", answer.status);
    trailers.push("grpc-message", "why%21");
    if (!answer.details.empty()) trailers.push("grpc-status-details-bin", answer.details);
    if (answer.status == "0") {
      wire::append_chunk_head(out, 5 + answer.message.size());
      wire::append_grpc_head(out, false, answer.message.size());
      out.append(answer.message);
      out.append("\r\n");
    }
    wire::append_last_chunk(out, trailers);
  }
};

// A receiver, and a Delivery to it, on one shard.
struct Parts {
  runtime::Shard& shard;
  Receiver& receiver;
  Delivery& delivery;
  telemetry::Registry& registry;

  Task<Delivery::Outcome> send(Message message = {"spans"}) const {
    runtime::Cancel last, cancel;
    co_return co_await delivery.send(message, 5, last, cancel);
  }
  uint64_t exported(std::string_view error) const {
    const auto snapshot = registry.collect();
    const telemetry::Metric* metric = snapshot.find("otel.sdk.exporter.span.exported");
    REQUIRE(metric);
    for (const auto& point : metric->points)
      if (!point.overflow && point.values.at(0) == error) return std::get<uint64_t>(point.value);
    return 0;
  }
};

struct Run {
  std::vector<Answer> answers;
  Task<> (*body)(Parts&);
};

Task<> run_parts(net::test::OneShard& one, const Run& run) {
  Receiver receiver;
  receiver.answers = run.answers;
  telemetry::Registry registry(1);
  net::HttpServerGroup group(1);
  net::HttpServer server(one.shard(), group, receiver,
                         settings::defaults(net::http_server_settings()), registry.recorder(0));
  const int fd = *runtime::open_listener(*Address::parse("127.0.0.1:0"), 8);
  runtime::Scope scope(one.reactor());
  scope.spawn(server.run(fd));
  OtlpSettings settings = settings::defaults(otlp_settings());
  settings.protocol = Protocol::grpc;
  settings.endpoint = "http://" + runtime::local_of(fd).to_string();
  settings.headers = {{"Api-Key", "secret"}};
  settings.retry = {milliseconds(2), milliseconds(4), seconds(5)};
  const int null_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  telemetry::EventLog log(null_fd);
  net::LiteralResolver resolver;
  auto share =
      *net::OriginShare::make(receiver_of(settings, *endpoint_of(settings, Signal::traces)), 1);
  Delivery delivery(one.shard(), {registry.recorder(0), log, resolver, std::move(share)}, settings,
                    "1",
                    {Signal::traces, "spans", exporter_spans_exported, exporter_spans_inflight});
  Parts parts{one.shard(), receiver, delivery, registry};
  co_await run.body(parts);
  co_await delivery.stop();
  one.shard().draining().request();
  co_await scope.join();
  ::close(fd);
  ::close(null_fd);
}

void on_each_reactor(const Run& run) {
  for (const runtime::ReactorKind kind : net::test::reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    net::test::OneShard one(kind);
    one.run(run_parts(one, run));
  }
}

// google.rpc.Status with RetryInfo{0.3 s}.
const std::string retry_info =
    "CAgaNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIABCAxoaPAQ==";

}  // namespace

TEST_CASE("over gRPC a request is one call with our headers, in lower case") {
  on_each_reactor({{}, [](Parts& parts) -> Task<> {
                     CHECK((co_await parts.send({"spans", true})).delivered);
                     CHECK(parts.receiver.path ==
                           "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
                     CHECK(parts.receiver.bodies.at(0) == std::string("\1\0\0\0\5spans", 10));
                     auto& fields = parts.receiver.fields;
                     CHECK(fields["api-key"] == "secret");
                     CHECK(fields["grpc-encoding"] == "gzip");
                     CHECK(fields["user-agent"] == "weir-otlp-exporter/1");
                     CHECK(!fields["grpc-timeout"].empty());
                     CHECK(parts.exported("") == 5);
                   }});
}

TEST_CASE("exactly what OTLP lets be repeated is sent again") {
  on_each_reactor({{}, [](Parts& parts) -> Task<> {
                     for (int code = 1; code <= 16; ++code) {
                       CAPTURE(code);
                       parts.receiver.bodies.clear();
                       parts.receiver.answers = {{.status = std::to_string(code)}};
                       const bool retry = code == 1 || code == 4 || code == 10 || code == 11 ||
                                          code == 14 || code == 15;
                       CHECK((co_await parts.send()).delivered == retry);
                       CHECK(parts.receiver.bodies.size() == (retry ? 2 : 1));
                     }
                     CHECK(parts.exported("") == 6 * 5);
                     CHECK(parts.exported("RESOURCE_EXHAUSTED") == 5);
                     CHECK(parts.exported("INVALID_ARGUMENT") == 5);
                   }});
}

TEST_CASE("a receiver that says when is asked again then, and not before") {
  on_each_reactor({{{.status = "8", .details = retry_info}}, [](Parts& parts) -> Task<> {
                     const MonoTime begin = parts.shard.now();
                     CHECK((co_await parts.send()).delivered);
                     CHECK(parts.shard.now() - begin >= milliseconds(300));
                     CHECK(parts.receiver.bodies.size() == 2);
                     CHECK(parts.exported("") == 5);
                   }});
}

TEST_CASE("a partial success is not repeated") {
  on_each_reactor({{{.message = "\x0a\x08\x08\x03\x12\x04late"}}, [](Parts& parts) -> Task<> {
                     const Delivery::Outcome outcome = co_await parts.send();
                     CHECK(outcome.delivered);
                     CHECK(outcome.rejected == 3);
                     CHECK(parts.receiver.bodies.size() == 1);
                     CHECK(parts.exported("") == 2);
                     CHECK(parts.exported("rejected") == 3);
                   }});
}

TEST_CASE("an answer that is no gRPC, or too large, is not asked for again") {
  const std::string large(5 << 20, 'x');
  on_each_reactor({{{.message = large}}, [](Parts& parts) -> Task<> {
                     CHECK_FALSE((co_await parts.send()).delivered);
                     CHECK(parts.receiver.bodies.size() == 1);
                     CHECK(parts.exported("RESOURCE_EXHAUSTED") == 5);
                   }});
}

}  // namespace weir::otlp
