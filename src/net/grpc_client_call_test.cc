#include "net/grpc_client_call.h"

#include <thread>

#include "net/grpc_peer_kit.h"

namespace weir::net {
namespace {

using runtime::StreamPtr;
using runtime::Task;
using test::first_frame;
using test::goaway;
using test::on_each_reactor;
using test::reset;
using wire::GrpcCode;
using wire::test::FrameType;
using Parts = test::GrpcParts;
using Metadata = GrpcClientCall::Metadata;

constexpr GrpcCallHead talk{"/t/talk"};

std::string framed(std::string_view message) {
  Buffer out;
  wire::append_grpc_head(out, false, message.size());
  out.append(message);
  return std::string(out.view());
}
std::string head(uint32_t stream) {
  return wire::test::request(stream, {{":status", "200"}, {"content-type", "application/grpc"}},
                             false);
}
std::string data(uint32_t stream, std::string_view bytes) {
  return wire::test::frame(FrameType::data, 0, stream, bytes);
}
std::string ok(uint32_t stream) {
  return wire::test::request(stream, {{"grpc-status", "0"}});
}

// Until the client has written `bytes` of the call's body, or ended.
Task<std::string> hear_body(test::Http2Peer& peer, uint32_t call, size_t bytes) {
  while (peer.heard().body(call).size() < bytes)
    if ((co_await peer.next_frame()).type == 0xff) break;
  co_return peer.heard().body(call);
}

Task<std::string> next_message(GrpcClientCall& call) {
  const auto message = co_await call.read();
  REQUIRE(message.has_value());
  co_return message->has_value() ? std::string(**message) : "(end)";
}

// Says `said` behind the head of each call, and ends it.
std::string (*said)(uint32_t stream) = nullptr;
Task<> say_it(StreamPtr& stream, int) {
  test::Http2Peer peer(*stream);
  co_await peer.say(first_frame);
  while (const uint32_t call = co_await peer.next_request())
    co_await peer.say(said(call));
}

Task<> silent(StreamPtr& stream, int) {
  test::Http2Peer peer(*stream);
  co_await peer.say(first_frame);
  co_await peer.linger();
}

}  // namespace

TEST_CASE("messages go either way, each when it is written") {
  on_each_reactor({[](StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t call = co_await peer.next_request();
                     CHECK(co_await hear_body(peer, call, 8) == framed("one"));
                     co_await peer.say(head(call) + data(call, framed("1") + framed("")));
                     CHECK(co_await hear_body(peer, call, 16) == framed("one") + framed("two"));
                     co_await peer.say(data(call, framed("2").substr(0, 3)));
                     co_await peer.say(data(call, framed("2").substr(3)) + ok(call));
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     GrpcClientCall call(parts.channel, talk, parts.in());
                     CHECK((co_await call.write("one")).has_value());
                     CHECK(co_await next_message(call) == "1");
                     CHECK(co_await next_message(call) == "");
                     CHECK((co_await call.write("two")).has_value());
                     CHECK(co_await next_message(call) == "2");
                     CHECK(co_await next_message(call) == "(end)");
                     CHECK(call.status().code == GrpcCode::ok);
                   }});
}

TEST_CASE("a call without a message is made by whoever reads first, and ends when it is told") {
  on_each_reactor({[](StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t call = co_await peer.next_request();
                     co_await peer.say(head(call) + ok(call));
                     wire::test::Frame each{.type = FrameType::settings};
                     while (each.type != FrameType::data && each.type != 0xff)
                       each = co_await peer.next_frame();
                     CHECK(each.last());
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     GrpcClientCall call(parts.channel, talk, parts.in());
                     call.end_writes();
                     CHECK(co_await next_message(call) == "(end)");
                   }});
}

TEST_CASE("what the server says in front and behind comes with the call") {
  said = [](uint32_t stream) {
    return wire::test::request(stream,
                               {{":status", "200"},
                                {"content-type", "application/grpc"},
                                {"grpc-accept-encoding", "gzip"},
                                {"x-first", "1"}},
                               false) +
           wire::test::request(
               stream, {{"grpc-status", "9"}, {"grpc-message", "no%21"}, {"x-last-bin", "AA"}});
  };
  on_each_reactor({say_it, [](Parts& parts) -> Task<> {
                     GrpcClientCall call(parts.channel, talk, parts.in());
                     CHECK(co_await next_message(call) == "(end)");
                     CHECK(call.status().code == GrpcCode::failed_precondition);
                     CHECK(call.status().message == "no!");
                     CHECK(call.head_metadata() == Metadata{{"x-first", "1"}});
                     CHECK(call.trailing_metadata() == Metadata{{"x-last-bin", "AA"}});
                   }});
}

TEST_CASE("messages that came before a failure are read before it") {
  said = [](uint32_t stream) {
    return head(stream) + data(stream, framed("one") + framed("two")) + reset(stream, 2);
  };
  on_each_reactor({say_it, [](Parts& parts) -> Task<> {
                     GrpcClientCall call(parts.channel, talk, parts.in());
                     CHECK(co_await next_message(call) == "one");
                     CHECK(co_await next_message(call) == "two");
                     CHECK(co_await next_message(call) == "(end)");
                     CHECK(call.status().code == GrpcCode::internal);
                   }});
}

TEST_CASE("a message that breaks the rules ends the call, wherever it stands") {
  on_each_reactor({[](StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t call = co_await peer.next_request();
                     co_await peer.say(head(call) + data(call, framed("one") + "\2"));
                     const uint32_t torn = co_await peer.next_request();
                     CHECK(peer.heard().first(FrameType::rst_stream, call).number() == 8);
                     co_await peer.say(head(torn) + data(torn, framed("one").substr(0, 7)) +
                                       ok(torn));
                     const uint32_t large = co_await peer.next_request();
                     co_await peer.say(head(large) + data(large, std::string("\0\0\0\0\x0b", 5)));
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     GrpcClientCall call(parts.channel, talk, parts.in());
                     CHECK(co_await next_message(call) == "one");
                     for (int i = 0; i < 2; ++i)  // and stays ended
                       CHECK((co_await call.read()).error().code == ErrorCode::invalid);
                     CHECK((co_await call.write("x")).error().code == ErrorCode::invalid);
                     GrpcClientCall torn(parts.channel, talk, parts.in());
                     CHECK((co_await torn.read()).error().code == ErrorCode::invalid);
                     GrpcClientCall large(parts.channel, talk, parts.in());
                     CHECK((co_await large.read()).error().code == ErrorCode::limit);
                   },
                   {.message_bytes_max = 10}});
}

TEST_CASE("a call that the server refused unseen is made again with all its messages") {
  on_each_reactor({[](StreamPtr& stream, int number) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t call = co_await peer.next_request();
                     const std::string all = framed("one") + framed(std::string(9'000, '2'));
                     CHECK(co_await hear_body(peer, call, all.size()) == all);
                     if (number == 0) co_await peer.say(goaway(0));
                     if (number == 1) co_await peer.say(head(call) + ok(call));
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     GrpcClientCall call(parts.channel, talk, parts.in());
                     CHECK((co_await call.write("one")).has_value());
                     CHECK((co_await call.write(std::string(9'000, '2'))).has_value());
                     CHECK(co_await next_message(call) == "(end)");
                     CHECK(call.status().code == GrpcCode::ok);
                     CHECK(parts.server.connections() == 2);
                   }});
}

TEST_CASE("a call of which not all is held any more is not made again") {
  on_each_reactor({[](StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     const std::string more = wire::test::be32(1 << 20);
                     co_await peer.say(first_frame +
                                       wire::test::frame(FrameType::window_update, 0, 0, more));
                     const uint32_t call = co_await peer.next_request();
                     co_await peer.say(wire::test::frame(FrameType::window_update, 0, call, more));
                     (void)co_await hear_body(peer, call, 100'000);
                     co_await peer.say(reset(call, 7));
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     GrpcClientCall call(parts.channel, talk, parts.in());
                     for (int i = 0; i < 20; ++i)
                       CHECK((co_await call.write(std::string(10'000, 'x'))).has_value());
                     CHECK(co_await next_message(call) == "(end)");
                     CHECK(call.status().code == GrpcCode::unavailable);
                   }});
}

TEST_CASE("whoever writes more than the server takes waits, up to the call's deadline") {
  on_each_reactor({silent, [](Parts& parts) -> Task<> {
                     GrpcClientCall call(parts.channel, talk, parts.in(milliseconds(200)));
                     const std::string message(10'000, 'x');
                     size_t written = 0;
                     Result<> last;
                     while ((last = co_await call.write(message)))
                       written += message.size();
                     CHECK(last.error().code == ErrorCode::timed_out);
                     // The window that every connection has at first, and what is held besides.
                     CHECK(written <= 65'535 + GrpcClientCall::pending_bytes_max + message.size());
                     CHECK((co_await call.read()).error().code == ErrorCode::timed_out);
                   }});
}

TEST_CASE("a writer goes on as the server takes, and hears of the end") {
  on_each_reactor({[](StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t call = co_await peer.next_request();
                     const std::string more = wire::test::be32(100'000);
                     co_await test::pause(stream->reactor(), milliseconds(20));
                     co_await peer.say(wire::test::frame(FrameType::window_update, 0, 0, more) +
                                       wire::test::frame(FrameType::window_update, 0, call, more));
                     (void)co_await hear_body(peer, call, 165'535);
                     co_await peer.say(head(call) + ok(call));
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     GrpcClientCall call(parts.channel, talk, parts.in());
                     size_t written = 0;
                     Result<> last;
                     while ((last = co_await call.write(std::string(10'000, 'x'))))
                       written += 10'000;
                     CHECK(written > 165'535);
                     CHECK(last.error().code == ErrorCode::closed);
                     CHECK(co_await next_message(call) == "(end)");
                     CHECK(call.status().code == GrpcCode::ok);
                   }});
}

TEST_CASE("a server that is not read may send its window, and goes on when it is") {
  on_each_reactor({[](StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t slow = co_await peer.next_request();
                     co_await peer.say(
                         wire::test::frame(FrameType::settings, wire::test::ack, 0, ""));
                     // All of its window of 256 KiB, in messages of 16,000 bytes.
                     co_await peer.say(head(slow));
                     for (int i = 0; i < 16; ++i)
                       co_await peer.say(data(slow, framed(std::string(15'995, 'x'))));
                     // Another call is not held up by it.
                     const uint32_t other = co_await peer.next_request();
                     co_await peer.say(head(other) + data(other, framed("quick")) + ok(other));
                     CHECK_FALSE(peer.heard().has(FrameType::window_update, slow));
                     for (wire::test::Frame each; each.type != 0xff;) {
                       each = co_await peer.next_frame();
                       if (each.type == FrameType::window_update && each.stream == slow) break;
                     }
                     CHECK(peer.heard().has(FrameType::window_update, slow));
                     co_await peer.say(data(slow, framed("more")) + ok(slow));
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     GrpcClientCall slow(parts.channel, talk, parts.in());
                     CHECK((co_await next_message(slow)).size() == 15'995);
                     co_await test::pause(parts.shard.reactor(), milliseconds(20));
                     GrpcClientCall other(parts.channel, talk, parts.in());
                     CHECK(co_await next_message(other) == "quick");
                     for (int i = 1; i < 16; ++i)
                       CHECK((co_await next_message(slow)).size() == 15'995);
                     CHECK(co_await next_message(slow) == "more");
                     CHECK(co_await next_message(slow) == "(end)");
                   }});
}

TEST_CASE("a message larger than the window comes whole") {
  on_each_reactor(
      {[](StreamPtr& stream, int) -> Task<> {
         test::Http2Peer peer(*stream);
         co_await peer.say(first_frame);
         const uint32_t call = co_await peer.next_request();
         co_await peer.say(wire::test::frame(FrameType::settings, wire::test::ack, 0, ""));
         std::string rest = framed(std::string(600'000, 'x'));
         co_await peer.say(head(call));
         // As much as the windows of the stream and of the connection let go.
         size_t stream_window = 256 * 1024, connection_window = 1024 * 1024;
         while (!rest.empty()) {
           const size_t size =
               std::min({rest.size(), stream_window, connection_window, size_t{16'000}});
           if (size > 0) co_await peer.say(data(call, rest.substr(0, size)));
           rest.erase(0, size);
           stream_window -= size;
           connection_window -= size;
           if (size > 0) continue;
           const wire::test::Frame each = co_await peer.next_frame();
           REQUIRE(each.type != 0xff);
           if (each.type != FrameType::window_update) continue;
           (each.stream == call ? stream_window : connection_window) += each.number();
         }
         co_await peer.say(ok(call));
         co_await peer.linger();
       },
       [](Parts& parts) -> Task<> {
         GrpcClientCall call(parts.channel, talk, parts.in());
         CHECK((co_await next_message(call)).size() == 600'000);
         CHECK(co_await next_message(call) == "(end)");
       }});
}

TEST_CASE("a call that is cancelled, late or let go is reset at the server") {
  on_each_reactor({[](StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     std::vector<uint32_t> calls;
                     while (const uint32_t call = co_await peer.next_request()) {
                       calls.push_back(call);
                       co_await peer.say(head(call) + data(call, framed("one")));
                     }
                     CHECK(calls.size() == 3);
                     for (const uint32_t call : calls)
                       CHECK(peer.heard().first(FrameType::rst_stream, call).number() == 8);
                   },
                   [](Parts& parts) -> Task<> {
                     runtime::Cancel cancel;
                     GrpcClientCall first(parts.channel, talk, {parts.in().until, &cancel});
                     CHECK(co_await next_message(first) == "one");
                     cancel.request();
                     CHECK((co_await first.read()).error().code == ErrorCode::cancelled);
                     GrpcClientCall late(parts.channel, talk, parts.in(milliseconds(100)));
                     CHECK(co_await next_message(late) == "one");
                     CHECK((co_await late.read()).error().code == ErrorCode::timed_out);
                     {
                       GrpcClientCall left(parts.channel, talk, parts.in());
                       CHECK(co_await next_message(left) == "one");
                     }
                     co_await test::pause(parts.shard.reactor(), milliseconds(20));
                     CHECK(parts.server.connections() == 1);
                   }});
}

TEST_CASE("a call that its server cancels when its time is over was late, and not cancelled") {
  on_each_reactor({[](StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t call = co_await peer.next_request();
                     // Nobody looks at a clock meanwhile.
                     std::this_thread::sleep_for(milliseconds(60));
                     co_await peer.say(reset(call, 8));
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     GrpcClientCall call(parts.channel, talk, parts.in(milliseconds(30)));
                     const auto message = co_await call.read();
                     REQUIRE_FALSE(message.has_value());
                     CHECK(message.error().code == ErrorCode::timed_out);
                   }});
}

TEST_CASE("a reader for whom there is always something keeps the call's deadline all the same") {
  on_each_reactor({[](StreamPtr& stream, int) -> Task<> {
                     test::Http2Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t call = co_await peer.next_request();
                     std::string many;
                     for (int i = 0; i < 1000; ++i)
                       many += framed("message");
                     co_await peer.say(head(call) + data(call, many));
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     GrpcClientCall call(parts.channel, talk, parts.in(milliseconds(100)));
                     int read = 0;
                     for (; co_await call.read(); ++read)
                       co_await test::pause(parts.shard.reactor(), milliseconds(20));
                     CHECK(read > 0);
                     CHECK(read <= 6);
                     CHECK((co_await call.read()).error().code == ErrorCode::timed_out);
                   }});
}

TEST_CASE("a reader and a writer may both wait for the connection that is lost") {
  on_each_reactor(
      {[](StreamPtr& stream, int) -> Task<> {
         test::Http2Peer peer(*stream);
         co_await peer.say(first_frame);
         (void)co_await peer.next_request();
         co_await test::pause(stream->reactor(), milliseconds(20));
       },
       [](Parts& parts) -> Task<> {
         GrpcClientCall call(parts.channel, talk, parts.in());
         runtime::Scope scope(parts.shard.reactor());
         scope.spawn([](GrpcClientCall& of) -> Task<> {
           CHECK((co_await of.read()).error().code == ErrorCode::reset);
         }(call));
         Result<> last;
         while ((last = co_await call.write(std::string(10'000, 'x')))) {
         }
         CHECK((last.error().code == ErrorCode::reset || last.error().code == ErrorCode::closed));
         co_await scope.join();
       }});
}

TEST_CASE("calls that are under way count, whatever their kind") {
  on_each_reactor({silent,
                   [](Parts& parts) -> Task<> {
                     {
                       GrpcClientCall call(parts.channel, talk, parts.in());
                       CHECK((co_await call.write("x")).has_value());
                       GrpcClientCall more(parts.channel, talk, parts.in());
                       CHECK((co_await more.read()).error().code == ErrorCode::overloaded);
                     }
                     GrpcClientCall next(parts.channel, talk, parts.in());
                     CHECK((co_await next.write("x")).has_value());
                   },
                   {.calls_max = 1}});
}

}  // namespace weir::net
