#include "net/exchange.h"

#include "net/client_test_kit.h"

namespace weir::net::test {

using runtime::StreamPtr;

namespace {

Task<> half_a_body(StreamPtr& stream, int) {
  (void)co_await hear(*stream, "\r\n\r\n");
  co_await say(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  (void)co_await hear(*stream, "never");
}

Task<> send_slowly(OriginExchange& exchange, runtime::Reactor& reactor, Wait wait) {
  bool sent = true;
  for (int i = 0; sent && i < 5; ++i) {
    iovec parts[1] = {runtime::part(i == 4 ? "end" : "...")};
    sent = (co_await exchange.send(parts, wait)).has_value();
    co_await pause(reactor, milliseconds(25));
  }
  REQUIRE(sent);
  exchange.request_complete();
}

}  // namespace

TEST_CASE("a connection serves one request after another") {
  on_every_reactor(hello_script, [](Case& all) -> Task<> {
    for (int i = 0; i < 5; ++i) {
      Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
      REQUIRE(answer.has_value());
      CHECK(answer->status == 200);
      CHECK(answer->body == "hello");
      CHECK(answer->reused == (i > 0));
    }
    CHECK(all.origin.connections() == 1);
    CHECK(all.client.metrics().reused.value() == 4);
    CHECK(all.client.metrics().opened.value() == 1);
    CHECK(all.client.metrics().idle.value() == 1);
  });
}

TEST_CASE("interim answers come one by one, before the final one, and are bounded") {
  on_every_reactor(
      [](StreamPtr& stream, int number) -> Task<> {
        (void)co_await hear(*stream, "\r\n\r\n");
        if (number == 1) {
          for (int i = 0; i < 20; ++i)
            co_await say(*stream, "HTTP/1.1 103 Early Hints\r\n\r\n");
        }
        co_await say(*stream,
                     "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n");
        co_await pause(stream->reactor(), milliseconds(5));
        co_await say(*stream,
                     "\r\nHTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
      },
      [](Case& all) -> Task<> {
        Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
        REQUIRE(answer.has_value());
        CHECK(answer->interim == std::vector<uint16_t>{102, 103});
        CHECK(answer->body == "ok");
        Result<Answer> flooded = co_await get(all.client, in_time(all.reactor));
        REQUIRE(!flooded.has_value());
        CHECK(flooded.error().code == ErrorCode::limit);
      });
}

TEST_CASE("a body that ends with the connection is whole, one that ends early is torn") {
  on_every_reactor(
      [](StreamPtr& stream, int number) -> Task<> {
        (void)co_await hear(*stream, "\r\n\r\n");
        co_await say(*stream, number == 0 ? "HTTP/1.1 200 OK\r\n\r\nall of it"
                                          : "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      },
      [](Case& all) -> Task<> {
        Result<Answer> whole = co_await get(all.client, in_time(all.reactor));
        REQUIRE(whole.has_value());
        CHECK(whole->body == "all of it");
        Result<Answer> torn = co_await get(all.client, in_time(all.reactor));
        REQUIRE(!torn.has_value());
        CHECK(torn.error().code == ErrorCode::closed);
        CHECK(all.client.pool().idle_count() == 0);
      });
}

TEST_CASE("a head that breaks its format is an error that says why, and the connection is closed") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        (void)co_await hear(*stream, "\r\n\r\n");
        co_await say(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
        (void)co_await hear(*stream, "never");
      },
      [](Case& all) -> Task<> {
        Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
        REQUIRE(!answer.has_value());
        CHECK(answer.error().code == ErrorCode::invalid);
        CHECK(std::string_view(answer.error().text) != "");
        CHECK(all.client.pool().idle_count() == 0);
      });
}

TEST_CASE("an origin that does not answer in time is given up") {
  on_every_reactor([](StreamPtr& stream, int) -> Task<> { (void)co_await hear(*stream, "never"); },
                   [](Case& all) -> Task<> {
                     const MonoTime begin = all.reactor.now();
                     Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
                     REQUIRE(!answer.has_value());
                     CHECK(answer.error().code == ErrorCode::timed_out);
                     CHECK(all.reactor.now() - begin < seconds(2));
                   },
                   [](OriginSettings& s) { s.response_timeout = milliseconds(30); });
}

TEST_CASE("a body that falls silent is given up") {
  on_every_reactor(
      half_a_body,
      [](Case& all) -> Task<> {
        Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
        REQUIRE(!answer.has_value());
        CHECK(answer.error().code == ErrorCode::timed_out);
      },
      [](OriginSettings& s) { s.body_timeout = milliseconds(30); });
}

TEST_CASE("an answer that outlasts the caller's own time is no fault of the origin") {
  on_every_reactor(
      half_a_body,
      [](Case& all) -> Task<> {
        Result<Answer> answer = co_await get(all.client, in_time(all.reactor, milliseconds(30)));
        REQUIRE(!answer.has_value());
        CHECK(answer.error().code == ErrorCode::timed_out);
        CHECK(all.share.breaker().state(all.reactor.now()) == BreakerState::closed);
      },
      [](OriginSettings& s) { s.breaker.failures_in_row = 1; });
}

TEST_CASE("an answer that comes before the request was sent whole is read; the connection ends") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        (void)co_await hear(*stream, "\r\n\r\n");
        co_await say(*stream, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        (void)co_await hear(*stream, "never");
      },
      [](Case& all) -> Task<> {
        const Wait wait = in_time(all.reactor);
        auto exchange = co_await all.client.open(wait);
        REQUIRE(exchange.has_value());
        iovec parts[1] = {runtime::part("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\npart")};
        CHECK((co_await (*exchange)->send(parts, wait)).has_value());
        Result<Answer> answer = co_await read_answer(**exchange, wait, wire::RequestMethod::post);
        REQUIRE(answer.has_value());
        CHECK(answer->status == 413);
        exchange->reset();
        CHECK(all.client.pool().idle_count() == 0);
      });
}

TEST_CASE("while a request is still being sent, the time for the answer does not run") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        (void)co_await hear(*stream, "end");
        co_await say(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        (void)co_await hear(*stream, "never");
      },
      [](Case& all) -> Task<> {
        const Wait wait = in_time(all.reactor);
        auto exchange = co_await all.client.open(wait);
        REQUIRE(exchange.has_value());
        runtime::Scope scope(all.reactor);
        scope.spawn(send_slowly(**exchange, all.reactor, wait));
        Result<Answer> answer = co_await read_answer(**exchange, wait);
        co_await scope.join();
        CHECK(answer.has_value());
      },
      [](OriginSettings& s) { s.response_timeout = milliseconds(60); });
}

TEST_CASE("after 101 the connection is the caller's, with what came behind the head") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        (void)co_await hear(*stream, "\r\n\r\n");
        co_await say(*stream,
                     "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                     "Upgrade: websocket\r\n\r\nfirst");
        const std::string heard = co_await hear(*stream, "ping");
        co_await say(*stream, heard == "ping" ? "pong" : "what");
      },
      [](Case& all) -> Task<> {
        const Wait wait = in_time(all.reactor);
        auto exchange = co_await all.client.open(wait);
        REQUIRE(exchange.has_value());
        iovec parts[1] = {runtime::part("GET / HTTP/1.1\r\n\r\n")};
        CHECK((co_await (*exchange)->send(parts, wait)).has_value());
        (*exchange)->request_complete();
        auto head = co_await (*exchange)->receive_head(wire::RequestMethod::get, wait);
        REQUIRE(head.has_value());
        CHECK((*head)->upgrade_websocket);
        CHECK((*exchange)->tunnel_input().unread() == "first");
        (*exchange)->tunnel_input().consume(5);
        runtime::Stream& stream = (*exchange)->tunnel_stream();
        co_await say(stream, "ping");
        CHECK(co_await hear(stream, "pong") == "pong");
        (*exchange)->finish();
        exchange->reset();
        CHECK(all.client.pool().idle_count() == 0);
      });
}

TEST_CASE("an answer with more bytes behind it ends the connection: they belong to nobody") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        (void)co_await hear(*stream, "\r\n\r\n");
        co_await say(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n");
        (void)co_await hear(*stream, "never");
      },
      [](Case& all) -> Task<> {
        Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
        REQUIRE(answer.has_value());
        CHECK(answer->body == "ok");
        CHECK(all.client.pool().idle_count() == 0);
      });
}

}  // namespace weir::net::test
