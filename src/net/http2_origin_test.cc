#include "net/http2_origin.h"

#include "net/http2_origin_kit.h"

namespace weir::net::test {
namespace {

// Whether the reader of a slow answer goes on, as its origin says.
bool may_read = false;

// A body that would be an answer of HTTP/1.1.
constexpr std::string_view smuggled = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

// What the origin says behind the stream's number, to be told in a table.
std::string (*said)(uint32_t stream) = nullptr;

Task<> say_it(StreamPtr& stream, int) {
  Http2Peer peer(*stream);
  co_await peer.say(first_frame);
  while (const uint32_t asked = co_await peer.next_request())
    co_await peer.say(said(asked));
}

Task<> get_well(Case& all) {
  CHECK((co_await get(all.client, in_time(all.reactor))).has_value());
}

// A GET of whose answer the head has come.
Task<Exchange> begin_answer(Case& all) {
  Result<Exchange> asked = co_await ask(all, plain_get);
  REQUIRE(asked.has_value());
  REQUIRE((co_await (*asked)->receive_head(wire::RequestMethod::get, in_time(all.reactor)))
              .has_value());
  co_return *std::move(asked);
}

}  // namespace

TEST_CASE("requests to an origin of HTTP/2 share a connection") {
  on_every_reactor(
      hello_http2,
      [](Case& all) -> Task<> {
        co_await get_hellos(all, 5);
        CHECK(all.client.metrics().opened.value() == 1);
        CHECK(all.client.metrics().reused.value() == 4);
        CHECK(all.client.metrics().open.value() == 1);
        CHECK(all.client.metrics().http2_streams.value() == 0);
      },
      by_http2);
}

TEST_CASE("a request reaches an origin of HTTP/2 as it was, without what concerns connections") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        Http2Peer peer(*stream);
        co_await peer.say(first_frame);
        const uint32_t asked = co_await peer.next_request();
        co_await pause(stream->reactor(), milliseconds(5));
        co_await peer.say(ok(asked, ""));
        (void)co_await peer.next_request();  // the trailers, or the end
        const Frame& first = peer.heard().first(FrameType::headers, asked);
        const wire::test::NameValues expected{
            {":method", "POST"}, {":scheme", "http"}, {":authority", "site.test"},
            {":path", "/a?b"},   {"x-one", "1"},      {"te", "trailers"}};
        CHECK(first.fields == expected);
        CHECK(peer.heard().body(asked) == "some body");
        const Frame& last = peer.heard().frames.back();
        CHECK(last.fields == wire::test::NameValues{{"x-sum", "9"}});
        CHECK(last.last());
        co_await peer.linger();
      },
      [](Case& all) -> Task<> {
        Result<Exchange> asked =
            co_await ask(all,
                         "POST /a?b HTTP/1.1\r\nHost: site.test\r\nX-One: 1\r\nTE: trailers\r\n"
                         "Connection: TE\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "5\r\nsome \r\n4\r\nbody\r\n0\r\nX-Sum: 9\r\n\r\n");
        REQUIRE(asked.has_value());
        const auto answer = co_await read_answer(**asked, in_time(all.reactor));
        REQUIRE(answer.has_value());
      },
      by_http2);
}

TEST_CASE("interim answers, a length, trailers: all of an answer comes over HTTP/2") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        Http2Peer peer(*stream);
        co_await peer.say(first_frame);
        const uint32_t asked = co_await peer.next_request();
        co_await peer.say(head(asked, {{":status", "103"}, {"link", "</a>"}}) +
                          head(asked, {{":status", "200"}, {"x-a", "b"}}) +
                          frame(FrameType::data, 0, asked, "one ") +
                          frame(FrameType::data, 0, asked, "two") +
                          head(asked, {{"x-sum", "7"}}, true));
        const uint32_t next = co_await peer.next_request();
        co_await peer.say(head(next, {{":status", "200"}, {"content-length", "3"}}) +
                          frame(FrameType::data, end_stream, next, "abc"));
        co_await peer.linger();
      },
      [](Case& all) -> Task<> {
        Result<Exchange> asked = co_await ask(all, plain_get);
        REQUIRE(asked.has_value());
        const auto answer = co_await read_answer(**asked, in_time(all.reactor));
        REQUIRE(answer.has_value());
        CHECK(answer->interim == std::vector<uint16_t>{103});
        CHECK(answer->body == "one two");
        REQUIRE((*asked)->body().trailers() != nullptr);
        CHECK((*asked)->body().trailers()->find("x-sum")->value == "7");
        CHECK(std::string_view((*asked)->http_version()) == "2");
        asked->reset();
        Result<Exchange> known = co_await ask(all, plain_get);
        REQUIRE(known.has_value());
        const auto head_of =
            co_await (*known)->receive_head(wire::RequestMethod::get, in_time(all.reactor));
        REQUIRE(head_of.has_value());
        CHECK((*head_of)->framing.kind == wire::BodyFraming::Kind::content_length);
        CHECK((*head_of)->framing.length == 3);
      },
      by_http2);
}

TEST_CASE("answers without a body are whole with their head") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        Http2Peer peer(*stream);
        co_await peer.say(first_frame);
        co_await peer.say(head(co_await peer.next_request(),
                               {{":status", "200"}, {"content-length", "1000"}}, true));
        co_await peer.say(head(co_await peer.next_request(),
                               {{":status", "304"}, {"content-length", "1000"}}, true));
        co_await peer.say(head(co_await peer.next_request(), {{":status", "204"}}, true));
        co_await peer.say(head(co_await peer.next_request(), {{":status", "200"}}, true));
        co_await peer.linger();
      },
      [](Case& all) -> Task<> {
        for (const uint16_t status : std::array<uint16_t, 4>{200, 304, 204, 200}) {
          const bool first = all.client.metrics().reused.value() == 0 && status == 200;
          Result<Exchange> asked =
              co_await ask(all, first ? "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" : plain_get);
          REQUIRE(asked.has_value());
          const auto answer =
              co_await read_answer(**asked, in_time(all.reactor),
                                   first ? wire::RequestMethod::head : wire::RequestMethod::get);
          REQUIRE(answer.has_value());
          CHECK(answer->status == status);
          CHECK(answer->body.empty());
        }
      },
      by_http2);
}

TEST_CASE("what an origin refused unseen may be sent again, whatever it is, and is no failure") {
  on_every_reactor(
      [](StreamPtr& stream, int number) -> Task<> {
        Http2Peer peer(*stream);
        co_await peer.say(first_frame);
        const uint32_t asked = co_await peer.next_request();
        co_await peer.say(number == 0 ? reset(asked, 7) + goaway(asked) : goaway(0));
        co_await peer.linger();
      },
      [](Case& all) -> Task<> {
        for (int i = 0; i < 2; ++i) {
          Result<Exchange> asked = co_await ask(all, plain_get);
          REQUIRE(asked.has_value());
          const auto answer = co_await read_answer(**asked, in_time(all.reactor));
          REQUIRE_FALSE(answer.has_value());
          CHECK(answer.error().code == ErrorCode::refused);
          FailedAttempt failed = (*asked)->failed(answer.error());
          CHECK_FALSE(is_safe_to_retry(failed));  // its body is gone
          failed.body_replayable = true;
          CHECK(is_safe_to_retry(failed));
        }
        CHECK(all.origin.connections() == 2);
        CHECK(all.client.metrics().http2_refused.value() == 2);
        CHECK(all.share.breaker().state(all.reactor.now()) == BreakerState::closed);
      },
      [](OriginSettings& s) {
        by_http2(s);
        s.breaker.failures_in_row = 1;
      });
}

TEST_CASE("what GOAWAY covers is answered, and the next request takes a new connection") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        Http2Peer peer(*stream);
        co_await peer.say(first_frame);
        const uint32_t asked = co_await peer.next_request();
        co_await peer.say(goaway(asked));
        co_await pause(stream->reactor(), milliseconds(5));
        co_await peer.say(ok(asked, "still"));
        co_await peer.linger();
      },
      [](Case& all) -> Task<> {
        for (int i = 0; i < 2; ++i) {
          const Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
          REQUIRE(answer.has_value());
          CHECK(answer->body == "still");
        }
        CHECK(all.origin.connections() == 2);
      },
      by_http2);
}

TEST_CASE("a body that is torn or not as long as announced is never taken for whole") {
  using Lie = std::string (*)(uint32_t);
  const std::array<Lie, 6> lies{
      [](uint32_t of) {
        return head(of, {{":status", "200"}}) + frame(FrameType::data, 0, of, "half") +
               reset(of, 2);
      },
      [](uint32_t of) {
        return head(of, {{":status", "200"}}) + frame(FrameType::data, 0, of, "half") +
               reset(of, 0);
      },
      [](uint32_t of) {
        return head(of, {{":status", "200"}, {"content-length", "9"}}) +
               frame(FrameType::data, end_stream, of, "short");
      },
      [](uint32_t of) {
        return head(of, {{":status", "200"}, {"content-length", "9"}}) +
               frame(FrameType::data, 0, of, "short") + head(of, {{"x-sum", "5"}}, true);
      },
      [](uint32_t of) { return head(of, {{":status", "200"}, {"content-length", "9"}}, true); },
      // The connection breaks.
      [](uint32_t of) {
        return head(of, {{":status", "200"}}) + frame(FrameType::data, 0, of, "half") +
               frame(FrameType::data, 0, 0, "");
      }};
  for (const Lie lie : lies) {
    said = lie;
    on_every_reactor(
        say_it,
        [](Case& all) -> Task<> {
          const ErrorCode code = co_await error_of_get(all);
          CHECK((code == ErrorCode::invalid || code == ErrorCode::reset));
        },
        by_http2);
  }
}

TEST_CASE("what follows a head that is refused is not taken for an answer") {
  using Lie = std::string (*)(uint32_t);
  const std::array<Lie, 2> lies{
      [](uint32_t of) {
        return head(of, {{":status", "056"}}) + frame(FrameType::data, end_stream, of, smuggled);
      },
      // A field of 3,900 bytes, and thirty times the same by its number: too large a head.
      [](uint32_t of) {
        std::string field = wire::test::literal("x", std::string(3900, 'a'));
        field.front() = '\x40';
        const std::string section =
            wire::test::literal(":status", "200") + field + std::string(30, '\xbe');
        return frame(FrameType::headers, wire::test::end_headers, of, section) +
               frame(FrameType::data, end_stream, of, smuggled);
      }};
  for (const Lie lie : lies) {
    said = lie;
    on_every_reactor(
        say_it,
        [](Case& all) -> Task<> { CHECK(co_await error_of_get(all) == ErrorCode::invalid); },
        by_http2);
  }
}

TEST_CASE("interim answers of HTTP/2 are bounded by their bytes as well") {
  on_every_reactor(
      say_it,
      [](Case& all) -> Task<> {
        said = [](uint32_t stream) {
          std::string hints;
          for (int i = 0; i < 10; ++i)
            hints += head(stream, {{":status", "103"}, {"link", std::string(9000, 'a')}});
          return hints + ok(stream, "hello");
        };
        CHECK(co_await error_of_get(all) == ErrorCode::limit);
        said = [](uint32_t stream) { return ok(stream, "hello"); };
        const Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
        REQUIRE(answer.has_value());
        CHECK(answer->reused);
      },
      by_http2);
}

TEST_CASE("more requests than an origin allows on a connection wait, and are bounded") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        Http2Peer peer(*stream);
        // MAX_CONCURRENT_STREAMS: 1
        co_await peer.say(frame(FrameType::settings, 0, 0, std::string("\0\3\0\0\0\1", 6)));
        while (const uint32_t asked = co_await peer.next_request()) {
          co_await pause(stream->reactor(), milliseconds(5));
          co_await peer.say(ok(asked, "hello"));
        }
      },
      [](Case& all) -> Task<> {
        REQUIRE((co_await get(all.client, in_time(all.reactor))).has_value());
        runtime::Scope scope(all.reactor);
        for (int i = 0; i < 3; ++i)
          scope.spawn(get_well(all));
        CHECK(all.client.metrics().waiting.value() == 2);
        CHECK(co_await error_of_get(all) == ErrorCode::overloaded);
        co_await scope.join();
        CHECK(all.origin.connections() == 1);
      },
      [](OriginSettings& s) {
        by_http2(s);
        s.connections_max = 1;
        s.waiting_max = 2;
      });
}

TEST_CASE("where one connection is full and more are allowed, another is made") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        Http2Peer peer(*stream);
        co_await peer.say(first_frame);
        while (const uint32_t asked = co_await peer.next_request()) {
          co_await pause(stream->reactor(), milliseconds(20));
          co_await peer.say(ok(asked, "hello"));
        }
      },
      [](Case& all) -> Task<> {
        runtime::Scope scope(all.reactor);
        for (int i = 0; i < 4; ++i)
          scope.spawn(get_well(all));
        co_await scope.join();
        CHECK(all.origin.connections() == 2);
      },
      [](OriginSettings& s) {
        by_http2(s);
        s.http2.streams_max = 2;
      });
}

TEST_CASE("an origin may send no more of an answer than its reader has room for") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        Http2Peer peer(*stream);
        may_read = false;
        co_await peer.say(first_frame);
        const uint32_t slow = co_await peer.next_request();
        // The client's own window holds once it has been acknowledged.
        co_await peer.say(frame(FrameType::settings, wire::test::ack, 0, ""));
        co_await peer.say(head(slow, {{":status", "200"}}));
        // Another answer is not held up by it.
        const uint32_t other = co_await peer.next_request();
        co_await peer.say(frame(FrameType::data, 0, slow, std::string(16'000, 'x')) +
                          ok(other, "hello"));
        co_await pause(stream->reactor(), milliseconds(10));
        CHECK_FALSE(peer.heard().has(FrameType::window_update, slow));
        may_read = true;
        // What the reader has in hand counts.
        const uint32_t third = co_await peer.next_request();
        CHECK_FALSE(peer.heard().has(FrameType::window_update, slow));
        co_await peer.say(ok(third, "hello"));
        while ((co_await peer.next_frame()).stream != slow) {
        }
        CHECK(peer.heard().has(FrameType::window_update, slow));
        co_await peer.say(frame(FrameType::data, end_stream, slow, "end"));
        co_await peer.linger();
      },
      [](Case& all) -> Task<> {
        const Exchange slow = co_await begin_answer(all);
        REQUIRE((co_await get(all.client, in_time(all.reactor))).has_value());
        while (!may_read)
          co_await pause(all.reactor, milliseconds(1));
        size_t bytes = (co_await slow->read(in_time(all.reactor))).value().size();
        CHECK(bytes == 16'000);
        REQUIRE((co_await get(all.client, in_time(all.reactor))).has_value());
        while (!slow->body().done()) {
          const auto piece = co_await slow->read(in_time(all.reactor));
          REQUIRE(piece.has_value());
          bytes += piece->size();
        }
        CHECK(bytes == 16'003);
      },
      [](OriginSettings& s) {
        by_http2(s);
        s.http2.window_bytes = 16 * 1024;
      });
}

TEST_CASE("a request's body waits for the origin's window, and its sender with it") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        Http2Peer peer(*stream);
        co_await peer.say(first_frame);
        const uint32_t asked = co_await peer.next_request();
        co_await pause(stream->reactor(), milliseconds(20));
        const std::string more = wire::test::be32(1 << 20);
        co_await peer.say(frame(FrameType::window_update, 0, 0, more) +
                          frame(FrameType::window_update, 0, asked, more));
        for (Frame each{.type = FrameType::settings};
             each.type != FrameType::data || !each.last();) {
          each = co_await peer.next_frame();
          REQUIRE(each.type != 0xff);
        }
        CHECK(peer.heard().body(asked).size() == 300'000);
        co_await peer.say(ok(asked, "thanks"));
        co_await peer.linger();
      },
      [](Case& all) -> Task<> {
        const MonoTime begin = all.reactor.now();
        const std::string request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" +
                                    std::string(300'000, 'b');
        Result<Exchange> asked = co_await ask(all, request);
        REQUIRE(asked.has_value());
        CHECK(all.reactor.now() - begin >= milliseconds(15));
        const auto answer = co_await read_answer(**asked, in_time(all.reactor));
        REQUIRE(answer.has_value());
        CHECK(answer->body == "thanks");
      },
      by_http2);
}

TEST_CASE("an answer that nobody wants any more is reset, and the connection goes on") {
  on_every_reactor(
      [](StreamPtr& stream, int) -> Task<> {
        Http2Peer peer(*stream);
        co_await peer.say(first_frame);
        const uint32_t left = co_await peer.next_request();
        co_await peer.say(head(left, {{":status", "200"}}));
        const uint32_t next = co_await peer.next_request();
        CHECK(peer.heard().first(FrameType::rst_stream, left).number() == 8);
        co_await peer.say(ok(next, "hello"));
        co_await peer.linger();
      },
      [](Case& all) -> Task<> {
        Exchange asked = co_await begin_answer(all);
        asked.reset();
        REQUIRE((co_await get(all.client, in_time(all.reactor))).has_value());
        CHECK(all.origin.connections() == 1);
      },
      by_http2);
}

TEST_CASE("an origin that gives no sign of life is given up, with all that waits for it") {
  on_every_reactor(
      say_nothing,
      [](Case& all) -> Task<> {
        CHECK(co_await error_of_get(all) == ErrorCode::reset);
        co_await pause(all.reactor, milliseconds(5));
        CHECK(all.client.metrics().http2_silent.value() == 1);
      },
      [](OriginSettings& s) {
        by_http2(s);
        s.http2.ping_after = milliseconds(100);
        s.http2.ping_timeout = milliseconds(100);
      });
}

}  // namespace weir::net::test
