// Whether an origin is asked over HTTP/2, on which connections, and how busy it is.
#include "net/http2_origin_kit.h"

namespace weir::net::test {
namespace {

void by_choice(OriginSettings& s) {
  trust_test_authority(s);
  s.http2.use = Http2Use::automatic;
}

}  // namespace

TEST_CASE("a connection that has grown old takes no new requests") {
  on_every_reactor(
      hello_http2,
      [](Case& all) -> Task<> {
        REQUIRE((co_await get(all.client, in_time(all.reactor))).has_value());
        co_await pause(all.reactor, milliseconds(1200));
        REQUIRE((co_await get(all.client, in_time(all.reactor))).has_value());
        CHECK(all.origin.connections() == 2);
        CHECK(all.client.metrics().open.value() == 1);
      },
      [](OriginSettings& s) {
        by_http2(s);
        s.http2.age_max = seconds(1);
      });
}

TEST_CASE("an origin that cannot be reached fails all who wait for its connection") {
  on_every_reactor(
      hello_http2,
      [](Case& all) -> Task<> {
        runtime::Scope scope(all.reactor);
        for (int i = 0; i < 3; ++i)
          scope.spawn([](Case& of) -> Task<> {
            CHECK(co_await error_of_get(of) == ErrorCode::refused);
          }(all));
        co_await scope.join();
        CHECK(all.client.metrics().connect_failed(ErrorCode::refused).value() == 1);
      },
      [](OriginSettings& s) {
        by_http2(s);
        s.url = "http://127.0.0.1:1";
      });
}

TEST_CASE("over TLS an origin may choose, if we let it, and is taken at its word") {
  const ScriptedOrigin::Script modern = [](StreamPtr& raw, int number) -> Task<> {
    Result<StreamPtr> stream = co_await accept_tls(raw, http2_context());
    REQUIRE(stream.has_value());
    co_await hello_http2(*stream, number);
  };
  const ScriptedOrigin::Script old = [](StreamPtr& raw, int) -> Task<> {
    co_await tls_hello(raw, *test_authority().origin);
  };
  on_every_reactor(
      modern,
      [](Case& all) -> Task<> {
        Result<Exchange> asked = co_await ask(all, plain_get);
        REQUIRE(asked.has_value());
        CHECK(std::string_view((*asked)->http_version()) == "2");
        CHECK((co_await read_answer(**asked, in_time(all.reactor)))->body == "hello");
      },
      by_choice);
  on_every_reactor(
      old,
      [](Case& all) -> Task<> {
        co_await get_hellos(all, 3);
        CHECK(all.share.connections() == 1);
      },
      by_choice);
  on_every_reactor(
      old, [](Case& all) -> Task<> { CHECK(co_await error_of_get(all) == ErrorCode::tls); },
      [](OriginSettings& s) {
        trust_test_authority(s);
        by_http2(s);
      });
}

TEST_CASE("an origin that requires HTTP/1.1 is asked over it, and again where that is safe") {
  // Of a request, and of the connection.
  static bool by_goaway = false;
  const ScriptedOrigin::Script old_at_heart = [](StreamPtr& raw, int number) -> Task<> {
    if (number > 0) co_return co_await tls_hello(raw, *test_authority().origin);
    Result<StreamPtr> stream = co_await accept_tls(raw, http2_context());
    REQUIRE(stream.has_value());
    Http2Peer peer(**stream);
    co_await peer.say(first_frame);
    const uint32_t asked = co_await peer.next_request();
    if (by_goaway)
      co_return co_await peer.say(
          frame(FrameType::goaway, 0, 0, wire::test::be32(asked) + wire::test::be32(13)));
    co_await peer.say(reset(asked, 13));
    co_await peer.linger();
  };
  for (const bool goaway_first : {false, true}) {
    by_goaway = goaway_first;
    on_every_reactor(
        old_at_heart,
        [](Case& all) -> Task<> {
          Result<Exchange> asked = co_await ask(all, plain_get);
          REQUIRE(asked.has_value());
          const auto answer = co_await read_answer(**asked, in_time(all.reactor));
          REQUIRE_FALSE(answer.has_value());
          CHECK(answer.error().code == ErrorCode::unsupported);
          FailedAttempt attempt = (*asked)->failed(answer.error());
          attempt.body_replayable = true;
          CHECK_FALSE(all.client.may_retry(attempt, 1));
          attempt.idempotent = true;
          CHECK(all.client.may_retry(attempt, 1));
          asked->reset();
          for (int i = 0; i < 3; ++i)
            CHECK((co_await get(all.client, in_time(all.reactor)))->body == "hello");
          CHECK(all.origin.connections() == 2);
          CHECK(all.client.metrics().http2_unwanted.value() == 1);
          CHECK(all.share.breaker().state(all.reactor.now()) == BreakerState::closed);
        },
        by_choice);
  }
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        Http2Peer peer(*stream);
        co_await peer.say(first_frame);
        while (const uint32_t asked = co_await peer.next_request())
          co_await peer.say(reset(asked, 13));
      },
      [](Case& all) -> Task<> {
        for (int i = 0; i < 2; ++i)
          CHECK(co_await error_of_get(all) == ErrorCode::invalid);
        CHECK(all.origin.connections() == 1);
      },
      by_http2);
}

TEST_CASE("how busy an origin is goes by the requests on its connections of HTTP/2") {
  on_every_reactor(
      say_nothing,
      [](Case& all) -> Task<> {
        CHECK(all.share.busy() == 0);
        std::vector<Exchange> under_way;
        for (uint32_t i = 1; i <= 3; ++i) {
          Result<Exchange> asked = co_await ask(all, plain_get);
          REQUIRE(asked.has_value());
          under_way.push_back(*std::move(asked));
          CHECK(all.share.busy() == i);
          CHECK(all.share.connections() == 1);
        }
        under_way.pop_back();
        CHECK(all.share.busy() == 2);
        under_way.clear();
        CHECK(all.share.busy() == 0);
        CHECK(all.share.connections() == 1);
      },
      by_http2);
}

TEST_CASE("a health check speaks HTTP/2 where the origin does, on a connection of its own") {
  on_every_reactor(
      hello_http2,
      [](Case& all) -> Task<> {
        Result<StreamPtr> stream = co_await all.client.dial(in_time(all.reactor));
        REQUIRE(stream.has_value());
        co_await say(**stream, plain_get);
        CHECK((co_await hear(**stream, "hello")).starts_with("HTTP/1.1 200 OK\r\n"));
        stream->reset();
        CHECK(all.share.connections() == 0);
        REQUIRE((co_await get(all.client, in_time(all.reactor))).has_value());
        CHECK(all.origin.connections() == 2);
      },
      by_http2);
}

}  // namespace weir::net::test
