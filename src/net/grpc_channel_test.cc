#include "net/grpc_channel.h"

#include <string>
#include <zlib.h>

#include <doctest/doctest.h>

#include "net/client_test_kit.h"
#include "net/http_server.h"
#include "settings/load.h"
#include "wire/http1_chunked.h"

namespace weir::net {
namespace {

using runtime::Task;
using wire::GrpcCode;

// A gRPC server: what it does is in the path.
class Service final : public HttpHandler {
 public:
  Task<> handle(HttpExchange& exchange) override {
    ++calls;
    std::string body;
    while (!exchange.body().done()) {
      const Result<std::string_view> piece = co_await exchange.read_body();
      if (!piece) co_return exchange.abort();
      body += *piece;
    }
    timeout = std::string(exchange.head.fields.find("grpc-timeout")->value);
    const std::string_view path = exchange.head.path;
    if (path == "/t/hang")
      (void)co_await runtime::sleep(exchange.reactor(), exchange.wait_at_most(seconds(1)));
    if (path == "/t/abort") co_return exchange.abort();
    if (path == "/t/http") {
      exchange.out().append("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
      co_return;
    }
    answer(exchange, path, body);
  }
  void reject(HttpExchange& exchange, uint16_t, const char*) override { exchange.abort(); }

  int calls = 0;
  std::string timeout;

 private:
  // Echoes the message, which still has its frame.
  static void answer(HttpExchange& exchange, std::string_view path, std::string_view body) {
    Buffer& out = exchange.out();
    out.append("HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\n");
    if (path == "/t/gzip") out.append("grpc-encoding: gzip\r\n");
    out.append("Transfer-Encoding: chunked\r\n\r\n");
    std::array<wire::Field, 3> storage;
    wire::Fields trailers{std::span<wire::Field>(storage)};
    if (path == "/t/fail") {
      trailers.push("grpc-status", "8");
      trailers.push("grpc-message", "too much%21");
      trailers.push("grpc-status-details-bin", "CAgSBG5vcGU");
    } else {
      for (int i = 0; i < (path == "/t/twice" ? 2 : 1); ++i) {
        wire::append_chunk_head(out, body.size());
        out.append(body);
        out.append("\r\n");
      }
      trailers.push("grpc-status", "0");
    }
    wire::append_last_chunk(out, trailers);
  }
};

// A server and a channel to it on one shard, on each back end.
struct Parts {
  runtime::Shard& shard;
  Service& service;
  GrpcChannel& channel;
};

Task<> run_parts(test::OneShard& one, Task<> (*body)(Parts&)) {
  Service service;
  telemetry::Recorder recorder;
  HttpServerGroup group(1);
  HttpServer server(one.shard(), group, service, settings::defaults(http_server_settings()),
                    recorder);
  const int fd = *runtime::open_listener(*Address::parse("127.0.0.1:0"), 64);
  const std::string url = "http://" + runtime::local_of(fd).to_string();
  runtime::Scope scope(one.reactor());
  scope.spawn(server.run(fd));
  OriginSettings origin = origin_with_defaults(url);
  origin.http2.use = Http2Use::on;
  LiteralResolver resolver;
  GrpcOptions options;
  options.message_bytes_max = 100'000;
  options.calls_max = 300;
  GrpcChannel channel(one.shard(), *OriginShare::make(origin, 1), resolver, recorder, options);
  Parts parts{one.shard(), service, channel};
  co_await body(parts);
  co_await channel.stop();
  one.shard().draining().request();
  co_await scope.join();
  ::close(fd);
}

void on_each_reactor(Task<> (*body)(Parts&)) {
  for (const runtime::ReactorKind kind : test::reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    test::OneShard one(kind);
    one.run(run_parts(one, body));
  }
}

GrpcCall call(std::string_view path, std::string_view message) {
  return {.path = path, .message = message};
}

std::string gzip(std::string_view text) {
  std::string packed(1000 + text.size() / 100, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

Task<> count_answer(Parts& parts, std::string message, int& right) {
  const Result<GrpcReply> reply =
      co_await parts.channel.call(call("/t/echo", message), test::in_time(parts.shard.reactor()));
  right += reply && reply->code == GrpcCode::ok && reply->response == message;
}

}  // namespace

TEST_CASE("a unary call is answered, and its deadline is told") {
  on_each_reactor([](Parts& parts) -> Task<> {
    for (const size_t size : {size_t{0}, size_t{5}, size_t{90'000}}) {
      const std::string message(size, 'm');
      const Result<GrpcReply> reply = co_await parts.channel.call(
          call("/t/echo", message), test::in_time(parts.shard.reactor()));
      REQUIRE(reply.has_value());
      CHECK(reply->code == GrpcCode::ok);
      CHECK(reply->response == message);
    }
    CHECK(wire::parse_grpc_timeout(parts.service.timeout) <= seconds(5));
    CHECK(wire::parse_grpc_timeout(parts.service.timeout) > seconds(1));
  });
}

TEST_CASE("what was packed by gzip comes out as it was, and is measured as it was") {
  on_each_reactor([](Parts& parts) -> Task<> {
    for (const size_t size : {size_t{100'000}, size_t{100'001}}) {
      const std::string packed = gzip(std::string(size, 'm'));
      GrpcCall packed_call = call("/t/gzip", packed);
      packed_call.gzip = true;
      const Result<GrpcReply> reply =
          co_await parts.channel.call(packed_call, test::in_time(parts.shard.reactor()));
      if (size == 100'000)
        CHECK(reply.value().response == std::string(size, 'm'));
      else
        CHECK(reply.error().code == ErrorCode::limit);
    }
  });
}

TEST_CASE("calls run at the same time over one connection") {
  on_each_reactor([](Parts& parts) -> Task<> {
    int right = 0;
    runtime::Scope scope(parts.shard.reactor());
    for (int i = 0; i < 300; ++i)
      scope.spawn(count_answer(parts, "message " + std::to_string(i), right));
    co_await scope.join();
    CHECK(right == 300);
  });
}

TEST_CASE("what the server says went wrong comes with its details") {
  on_each_reactor([](Parts& parts) -> Task<> {
    const Result<GrpcReply> reply =
        co_await parts.channel.call(call("/t/fail", "x"), test::in_time(parts.shard.reactor()));
    REQUIRE(reply.has_value());
    CHECK(reply->code == GrpcCode::resource_exhausted);
    CHECK(reply->message == "too much!");
    CHECK(reply->details == std::string("\x08\x08\x12\x04nope", 8));
  });
}

TEST_CASE("an answer that is none of gRPC is told apart by its HTTP status") {
  on_each_reactor([](Parts& parts) -> Task<> {
    const Result<GrpcReply> reply =
        co_await parts.channel.call(call("/t/http", "x"), test::in_time(parts.shard.reactor()));
    REQUIRE(reply.has_value());
    CHECK(reply->code == GrpcCode::unavailable);
  });
}

TEST_CASE("a call ends with its deadline, and the connection goes on") {
  on_each_reactor([](Parts& parts) -> Task<> {
    const Result<GrpcReply> late = co_await parts.channel.call(
        call("/t/hang", "x"), test::in_time(parts.shard.reactor(), milliseconds(50)));
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().code == ErrorCode::timed_out);
    int right = 0;
    co_await count_answer(parts, "after", right);
    CHECK(right == 1);
  });
}

TEST_CASE("torn, doubled and too large answers are failures") {
  on_each_reactor([](Parts& parts) -> Task<> {
    const std::string large(100'001, 'x');
    const auto failure = [&](std::string_view path, std::string_view message) {
      return parts.channel.call(call(path, message), test::in_time(parts.shard.reactor()));
    };
    CHECK((co_await failure("/t/abort", "x"))->code == GrpcCode::internal);
    CHECK((co_await failure("/t/twice", "x")).error().code == ErrorCode::invalid);
    CHECK((co_await failure("/t/echo", large)).error().code == ErrorCode::limit);
  });
}

TEST_CASE("a server that is not there is a failure to connect") {
  for (const runtime::ReactorKind kind : test::reactor_kinds()) {
    test::OneShard one(kind);
    one.run([](test::OneShard& on) -> Task<> {
      telemetry::Recorder recorder;
      LiteralResolver resolver;
      OriginSettings origin = origin_with_defaults("http://127.0.0.1:1");
      GrpcChannel channel(on.shard(), *OriginShare::make(origin, 1), resolver, recorder, {});
      const Result<GrpcReply> reply =
          co_await channel.call(call("/t/echo", "x"), test::in_time(on.reactor()));
      CHECK(reply.error().code == ErrorCode::refused);
      co_await channel.stop();
    }(one));
  }
}

}  // namespace weir::net
