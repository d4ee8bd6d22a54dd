#include <doctest/doctest.h>

#include "net/grpc_peer_kit.h"

namespace weir::net {
namespace {

using runtime::Task;
using test::first_frame;
using test::goaway;
using test::on_each_reactor;
using test::reset;
using Parts = test::GrpcParts;
using wire::GrpcCode;
using wire::test::FrameType;

// Everything in order, with an empty message.
Task<> answer_call(test::Http2Peer& peer, uint32_t stream) {
  return peer.say(wire::test::request(
                      stream, {{":status", "200"}, {"content-type", "application/grpc"}}, false) +
                  wire::test::frame(FrameType::data, 0, stream, std::string(5, '\0')) +
                  wire::test::request(stream, {{"grpc-status", "0"}}));
}

Task<> call_ok(Parts& parts) {
  const Result<GrpcReply> reply = co_await parts.call();
  REQUIRE(reply.has_value());
  CHECK(reply->code == GrpcCode::ok);
}

}  // namespace

TEST_CASE("a call that the server refused unseen is sent again on the same connection") {
  on_each_reactor({[](runtime::StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     co_await peer.say(reset(co_await peer.next_request(), 7));
                     co_await answer_call(peer, co_await peer.next_request());
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     co_await call_ok(parts);
                     CHECK(parts.server.connections() == 1);
                   }});
}

TEST_CASE("a call that is refused twice is answered as unavailable") {
  on_each_reactor({[](runtime::StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     while (const uint32_t call = co_await peer.next_request())
                       co_await peer.say(reset(call, 7));
                   },
                   [](Parts& parts) -> Task<> {
                     const Result<GrpcReply> reply = co_await parts.call();
                     REQUIRE(reply.has_value());
                     CHECK(reply->code == GrpcCode::unavailable);
                   }});
}

TEST_CASE("a call that GOAWAY overtook is sent again on a new connection") {
  on_each_reactor({[](runtime::StreamPtr& stream, int number) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t call = co_await peer.next_request();
                     if (number == 0) co_await peer.say(goaway(0));
                     if (number > 0) co_await answer_call(peer, call);
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     co_await call_ok(parts);
                     CHECK(parts.server.connections() == 2);
                   }});
}

TEST_CASE("what GOAWAY covers is answered, and the next call takes a new connection") {
  on_each_reactor({[](runtime::StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t call = co_await peer.next_request();
                     co_await peer.say(goaway(call));
                     co_await answer_call(peer, call);
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     co_await call_ok(parts);
                     co_await call_ok(parts);
                     CHECK(parts.server.connections() == 2);
                   }});
}

TEST_CASE("a stream that is reset and a connection that is lost are told apart") {
  on_each_reactor({[](runtime::StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     co_await peer.say(reset(co_await peer.next_request(), 8));
                     (void)co_await peer.next_request();
                   },
                   [](Parts& parts) -> Task<> {
                     const Result<GrpcReply> reply = co_await parts.call();
                     REQUIRE(reply.has_value());
                     CHECK(reply->code == GrpcCode::cancelled);
                     const Result<GrpcReply> lost = co_await parts.call();
                     REQUIRE_FALSE(lost.has_value());
                     CHECK(lost.error().code == ErrorCode::reset);
                   }});
}

TEST_CASE("an answer counts although the server has not read the call") {
  on_each_reactor({[](runtime::StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     co_await peer.say(wire::test::request(co_await peer.next_request(),
                                                           {{":status", "200"},
                                                            {"content-type", "application/grpc"},
                                                            {"grpc-status", "16"},
                                                            {"grpc-message", "who"}}));
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     // More than the windows let go.
                     const std::string large(200'000, 'x');
                     const Result<GrpcReply> reply = co_await parts.call(large);
                     REQUIRE(reply.has_value());
                     CHECK(reply->code == GrpcCode::unauthenticated);
                     CHECK(reply->message == "who");
                   }});
}

TEST_CASE("a connection on which a server gives no sign of life is given up") {
  on_each_reactor({[](runtime::StreamPtr& stream, int number) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     while (const uint32_t call = co_await peer.next_request())
                       if (number > 0) co_await answer_call(peer, call);
                   },
                   [](Parts& parts) -> Task<> {
                     const Result<GrpcReply> reply = co_await parts.call();
                     REQUIRE_FALSE(reply.has_value());
                     CHECK(reply.error().code == ErrorCode::reset);
                     co_await call_ok(parts);
                     CHECK(parts.server.connections() == 2);
                   },
                   {.times = {.silence_max = milliseconds(300), .patience = milliseconds(300)}}});
}

TEST_CASE("a server that is alive and silent is asked once, and then seldom") {
  on_each_reactor({[](runtime::StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t call = co_await peer.next_request();
                     int pings = 0;
                     for (wire::test::Frame each; each.type != 0xff;) {
                       each = co_await peer.next_frame();
                       if (each.type != FrameType::ping || each.flags != 0) continue;
                       co_await peer.say(
                           wire::test::frame(FrameType::ping, wire::test::ack, 0, each.payload));
                       // What is said of the call in between makes the server young again.
                       if (++pings == 1) continue;
                       co_await answer_call(peer, call);
                       break;
                     }
                     CHECK(pings == 2);
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     const MonoTime began = parts.shard.now();
                     co_await call_ok(parts);
                     // Asked after a silence of one half and then of two seconds.
                     CHECK(parts.shard.now() - began >= milliseconds(2500));
                   },
                   {.times = {.silence_max = milliseconds(500),
                              .patience = milliseconds(900),
                              .silence_again = seconds(2)}}});
}

TEST_CASE("a connection that nobody uses ends, and the next call makes one") {
  on_each_reactor({[](runtime::StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     while (const uint32_t call = co_await peer.next_request())
                       co_await answer_call(peer, call);
                   },
                   [](Parts& parts) -> Task<> {
                     co_await call_ok(parts);
                     co_await test::pause(parts.shard.reactor(), milliseconds(900));
                     co_await call_ok(parts);
                     CHECK(parts.server.connections() == 2);
                   },
                   {.times = {.idle_timeout = milliseconds(300)}}});
}

TEST_CASE("more calls than may be under way are refused, and cost nothing") {
  on_each_reactor({[](runtime::StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     runtime::Scope scope(parts.shard.reactor());
                     scope.spawn([](Parts& of) -> Task<> {
                       CHECK((co_await of.call("x", milliseconds(100))).error().code ==
                             ErrorCode::timed_out);
                     }(parts));
                     CHECK((co_await parts.call()).error().code == ErrorCode::overloaded);
                     co_await scope.join();
                   },
                   {.calls_max = 1}});
}

TEST_CASE("an answer that is compressed in an unknown way is refused") {
  on_each_reactor(
      {[](runtime::StreamPtr& stream, int) -> Task<> {
         test::Http2Peer peer(*stream);
         co_await peer.say(first_frame);
         const uint32_t call = co_await peer.next_request();
         co_await peer.say(
             wire::test::request(call, {{":status", "200"}, {"content-type", "application/grpc"}},
                                 false) +
             wire::test::frame(FrameType::data, 0, call, std::string("\1\0\0\0\1x", 6)));
         co_await peer.linger();
       },
       [](Parts& parts) -> Task<> {
         CHECK((co_await parts.call()).error().code == ErrorCode::invalid);
       }});
}

TEST_CASE("over TLS the server has to choose h2") {
  const test::ScriptedOrigin::Script answering = [](runtime::StreamPtr& raw, int) -> Task<> {
    Result<runtime::StreamPtr> stream = co_await test::accept_tls(raw, test::http2_context());
    REQUIRE(stream.has_value());
    test::Http2Peer peer(**stream);
    co_await peer.say(first_frame);
    while (const uint32_t call = co_await peer.next_request())
      co_await answer_call(peer, call);
  };
  on_each_reactor({answering, call_ok, {}, test::trust_test_authority});
  const test::ScriptedOrigin::Script unknowing = [](runtime::StreamPtr& raw, int) -> Task<> {
    Result<runtime::StreamPtr> stream =
        co_await test::accept_tls(raw, *test::test_authority().origin);
    if (stream) (void)co_await test::hear(**stream, "never");
  };
  on_each_reactor({unknowing,
                   [](Parts& parts) -> Task<> {
                     CHECK((co_await parts.call()).error().code == ErrorCode::tls);
                   },
                   {},
                   test::trust_test_authority});
}

}  // namespace weir::net
