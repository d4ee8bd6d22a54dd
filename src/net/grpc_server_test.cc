#include "net/grpc_server.h"

#include <doctest/doctest.h>

#include "net/client_test_kit.h"
#include "net/grpc_channel.h"
#include "net/grpc_health.h"
#include "net/grpc_reflection.h"
#include "net/http_server.h"
#include "settings/load.h"
#include "wire/protobuf_reader.h"

namespace weir::net {
namespace {

using runtime::Task;
using std::string_view_literals::operator""sv;
using wire::GrpcCode;
using State = GrpcHealthSource::State;

// Its methods say what they do.
class Sample final : public GrpcService {
 public:
  std::string_view name() const override { return "sample.Sample"; }
  Task<GrpcStatus> call(std::string_view method, GrpcExchange& call) override {
    const Result<std::string> message = co_await call.read_only();
    if (!message) co_return status_of(message.error());
    if (method == "Fail")
      co_return GrpcStatus{GrpcCode::aborted, "no\nline", std::string("\0\1\2", 3)};
    if (method == "Sleep") {
      HttpExchange& http = call.http();
      (void)co_await runtime::sleep(http.reactor(), http.wait_at_most(seconds(4)));
      if (http.shard().now() >= http.deadline())
        co_return GrpcStatus{GrpcCode::deadline_exceeded, ""};
    }
    const Result<> written = co_await call.write(*message);
    bytes_out = call.http().bytes_out();
    co_return written ? GrpcStatus{} : status_of(written.error());
  }

  uint64_t bytes_out = 0;  // of the last answer, without its trailers
};

class Health final : public GrpcHealthSource {
 public:
  State state_of(std::string_view service) const override {
    return service.empty() ? state : State::service_unknown;
  }
  std::vector<std::string_view> services() const override { return {"", "other"}; }
  State state = State::serving;
};

class Handler final : public HttpHandler {
 public:
  Task<> handle(HttpExchange& exchange) override { co_await grpc.serve(exchange); }
  void reject(HttpExchange& exchange, uint16_t, const char*) override { exchange.abort(); }

  Sample sample;
  Health health;
  GrpcHealth health_service{health};
  GrpcReflection reflection{GrpcReflection::Version::v1, {&GrpcHealth::file()}};
  GrpcServer grpc{{&sample, &health_service, &reflection}, 100'000};
};

struct Parts {
  runtime::Shard& shard;
  Handler& handler;
  GrpcChannel& channel;

  Task<GrpcReply> call(std::string_view path, std::string_view message,
                       Duration how_long = seconds(5)) const {
    const Result<GrpcReply> reply = co_await channel.call({.path = path, .message = message},
                                                          test::in_time(shard.reactor(), how_long));
    REQUIRE(reply.has_value());
    co_return *reply;
  }
};

Task<> run_parts(test::OneShard& one, Task<> (*body)(Parts&), HttpServerSettings settings) {
  Handler handler;
  telemetry::Recorder recorder;
  HttpServerGroup group(1);
  HttpServer server(one.shard(), group, handler, settings, recorder);
  const int fd = *runtime::open_listener(*Address::parse("127.0.0.1:0"), 64);
  OriginSettings origin = origin_with_defaults("http://" + runtime::local_of(fd).to_string());
  origin.http2.use = Http2Use::on;
  runtime::Scope scope(one.reactor());
  scope.spawn(server.run(fd));
  LiteralResolver resolver;
  GrpcChannel channel(one.shard(), *OriginShare::make(origin, 1), resolver, recorder, {});
  Parts parts{one.shard(), handler, channel};
  co_await body(parts);
  co_await channel.stop();
  one.shard().draining().request();
  co_await scope.join();
  ::close(fd);
}

void on_each_reactor(Task<> (*body)(Parts&), const HttpServerSettings& settings =
                                                 settings::defaults(http_server_settings())) {
  for (const runtime::ReactorKind kind : test::reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    test::OneShard one(kind);
    one.run(run_parts(one, body, settings));
  }
}

std::string text_field(char number, std::string_view value) {
  std::string made{static_cast<char>(number << 3 | 2), static_cast<char>(value.size())};
  return made + std::string(value);
}

// The bytes of the field `number` in a message.
std::string_view inside(std::string_view message, uint32_t number) {
  wire::ProtobufReader reader(message);
  while (reader.next())
    if (reader.number() == number) return reader.bytes();
  return {};
}

}  // namespace

TEST_CASE("a unary call is answered, of any size up to the bound") {
  on_each_reactor([](Parts& parts) -> Task<> {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{100'000}}) {
      const std::string message(size, 'm');
      const GrpcReply reply = co_await parts.call("/sample.Sample/Echo", message);
      CHECK(reply.code == GrpcCode::ok);
      CHECK(reply.response == message);
    }
    const std::string large(100'001, 'm');
    CHECK((co_await parts.call("/sample.Sample/Echo", large)).code == GrpcCode::resource_exhausted);
  });
}

TEST_CASE("an answer is packed for who takes that, where there is something to gain") {
  on_each_reactor([](Parts& parts) -> Task<> {
    // The channel takes gzip, and unpacks.
    for (const size_t size : {size_t{100}, size_t{50'000}, size_t{90'000}}) {
      const std::string message(size, 'm');
      CHECK((co_await parts.call("/sample.Sample/Echo", message)).response == message);
      CHECK((parts.handler.sample.bytes_out < size / 10) == (size == 50'000));
    }
  });
}

TEST_CASE("a failure tells its code, its text and its details") {
  on_each_reactor([](Parts& parts) -> Task<> {
    const GrpcReply reply = co_await parts.call("/sample.Sample/Fail", "");
    CHECK(reply.code == GrpcCode::aborted);
    CHECK(reply.message == "no\nline");
    CHECK(reply.details == std::string("\0\1\2", 3));
  });
}

TEST_CASE("what is not served is unimplemented") {
  on_each_reactor([](Parts& parts) -> Task<> {
    for (const char* path : {"/sample.Other/Echo", "/sample.Sample", "/", "/a/b/c"})
      CHECK((co_await parts.call(path, "")).code == GrpcCode::unimplemented);
    CHECK((co_await parts.call("/grpc.health.v1.Health/Hear", "")).code == GrpcCode::unimplemented);
  });
}

TEST_CASE("a call ends with the time that its client gave it") {
  on_each_reactor([](Parts& parts) -> Task<> {
    const MonoTime begin = parts.shard.now();
    const Result<GrpcReply> reply = co_await parts.channel.call(
        {.path = "/sample.Sample/Sleep"}, test::in_time(parts.shard.reactor(), milliseconds(50)));
    CHECK(parts.shard.now() - begin < seconds(2));
    CHECK((!reply || reply->code == GrpcCode::deadline_exceeded));
  });
}

TEST_CASE("health says the state of the server, and that it knows no such service") {
  on_each_reactor([](Parts& parts) -> Task<> {
    CHECK((co_await parts.call("/grpc.health.v1.Health/Check", "")).response == "\x08\x01");
    parts.handler.health.state = State::not_serving;
    CHECK((co_await parts.call("/grpc.health.v1.Health/Check", "")).response == "\x08\x02");
    const GrpcReply unknown =
        co_await parts.call("/grpc.health.v1.Health/Check", text_field(1, "shop"));
    CHECK(unknown.code == GrpcCode::not_found);
    CHECK((co_await parts.call("/grpc.health.v1.Health/Check", "\x0a")).code == GrpcCode::internal);
    const std::string_view all =
        "\x0a\x06\x0a\x00\x12\x02\x08\x02"
        "\x0a\x0b\x0a\x05other\x12\x02\x08\x03"sv;
    CHECK((co_await parts.call("/grpc.health.v1.Health/List", "")).response == all);
  });
}

TEST_CASE("reflection lists the services, and finds files by name and by symbol") {
  on_each_reactor([](Parts& parts) -> Task<> {
    const char* const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const GrpcReply list = co_await parts.call(path, text_field(7, "*"));
    CHECK(list.response.contains("grpc.health.v1.Health"));
    CHECK(list.response.contains("grpc.reflection.v1alpha.ServerReflection"));
    for (const std::string& request :
         {text_field(3, "grpc/health/v1/health.proto"), text_field(4, "grpc.health.v1.Health"),
          text_field(4, "grpc.health.v1.Health.Watch"),
          text_field(4, "grpc.health.v1.HealthCheckResponse.ServingStatus")}) {
      const GrpcReply found = co_await parts.call(path, request);
      CHECK(inside(found.response, 2) == request);
      CHECK(inside(inside(found.response, 4), 1) == GrpcHealth::file().encoded());
    }
    for (const std::string& request :
         {text_field(3, "health.proto"), text_field(4, "grpc.health.v1.Healthy"),
          text_field(4, "grpc.health.v1"), text_field(5, ""), text_field(6, "a.B")})
      CHECK(inside((co_await parts.call(path, request)).response, 7).starts_with("\x08\x05"));
  });
}

TEST_CASE("a Watch outlasts the time that other requests have, and keeps its own") {
  HttpServerSettings settings = settings::defaults(http_server_settings());
  settings.request_timeout = milliseconds(100);
  on_each_reactor(
      [](Parts& parts) -> Task<> {
        const MonoTime began = parts.shard.now();
        const Result<GrpcReply> reply =
            co_await parts.channel.call({.path = "/grpc.health.v1.Health/Watch", .message = ""},
                                        test::in_time(parts.shard.reactor(), seconds(1)));
        CHECK(parts.shard.now() - began >= milliseconds(900));
        CHECK((!reply || reply->code == GrpcCode::deadline_exceeded));
      },
      settings);
}

}  // namespace weir::net
