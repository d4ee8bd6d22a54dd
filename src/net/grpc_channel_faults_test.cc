#include <doctest/doctest.h>

#include "net/grpc_channel.h"
#include "net/tls_origin_kit.h"
#include "wire/http2_test_kit.h"

namespace weir::net {
namespace {

using runtime::Task;
using runtime::Wait;
using wire::GrpcCode;
using wire::test::FrameType;

// A server that says by hand what it is told to.
class Peer {
 public:
  explicit Peer(runtime::Stream& stream) : stream_(stream) {}

  // The stream of the next call whose head has come; 0 when the client has gone.
  Task<uint32_t> next_call() {
    for (;;) {
      for (; seen_ < reader_.frames.size(); ++seen_)
        if (reader_.frames[seen_].type == FrameType::headers)
          co_return reader_.frames[seen_++].stream;
      Result<runtime::Chunk> chunk = co_await stream_.recv({stream_.reactor().now() + seconds(5)});
      if (!chunk || chunk->empty()) co_return 0;
      take(chunk->view());
    }
  }
  Task<> say(std::string bytes) { co_await test::say(stream_, bytes); }
  // Everything in order, with an empty message.
  Task<> answer(uint32_t stream) {
    return say(wire::test::request(
                   stream, {{":status", "200"}, {"content-type", "application/grpc"}}, false) +
               wire::test::frame(FrameType::data, 0, stream, std::string(5, '\0')) +
               wire::test::request(stream, {{"grpc-status", "0"}}));
  }
  // Until the client goes.
  Task<> linger() {
    while (co_await next_call() != 0) {
    }
  }

 private:
  void take(std::string_view bytes) {
    if (!std::exchange(greeted_, true)) bytes.remove_prefix(wire::http2_preface.size());
    reader_.add(bytes);
  }

  runtime::Stream& stream_;
  wire::test::FrameReader reader_;
  size_t seen_ = 0;
  bool greeted_ = false;
};

const std::string first_frame = wire::test::frame(FrameType::settings, 0, 0, "");

std::string reset(uint32_t stream, uint32_t error) {
  return wire::test::frame(FrameType::rst_stream, 0, stream, wire::test::be32(error));
}
std::string goaway(uint32_t last_stream) {
  return wire::test::frame(FrameType::goaway, 0, 0,
                           wire::test::be32(last_stream) + wire::test::be32(0));
}

struct Parts {
  runtime::Shard& shard;
  test::ScriptedOrigin& server;
  GrpcChannel& channel;
  Task<Result<GrpcReply>> call(std::string_view message = "x",
                               Duration how_long = seconds(5)) const {
    return channel.call({.path = "/t/call", .message = message},
                        test::in_time(shard.reactor(), how_long));
  }
};

struct Run {
  test::ScriptedOrigin::Script script;
  Task<> (*body)(Parts&);
  GrpcOptions options = {};
  test::Tuning tuning = nullptr;
};

Task<> run_parts(test::OneShard& one, const Run& run) {
  test::ScriptedOrigin server(one.reactor(), run.script);
  OriginSettings settings = origin_with_defaults(server.url());
  settings.http2 = true;
  if (run.tuning) run.tuning(settings);
  telemetry::Recorder recorder;
  LiteralResolver resolver;
  GrpcChannel channel(one.shard(), *OriginShare::make(settings, 1), resolver, recorder,
                      run.options);
  Parts parts{one.shard(), server, channel};
  co_await run.body(parts);
  co_await channel.stop();
  co_await server.stop();
}

void on_each_reactor(const Run& run) {
  for (const runtime::ReactorKind kind : test::reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    test::OneShard one(kind);
    one.run(run_parts(one, run));
  }
}

Task<> call_ok(Parts& parts) {
  const Result<GrpcReply> reply = co_await parts.call();
  REQUIRE(reply.has_value());
  CHECK(reply->code == GrpcCode::ok);
}

int choose_http2(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* of,
                 unsigned of_size, void*) {
  static const unsigned char http2[] = "\x02h2";
  return SSL_select_next_proto(const_cast<unsigned char**>(chosen), size, http2, 3, of, of_size) ==
                 OPENSSL_NPN_NEGOTIATED
             ? SSL_TLSEXT_ERR_OK
             : SSL_TLSEXT_ERR_ALERT_FATAL;
}

const TlsContext& http2_context() {
  static const std::unique_ptr<TlsContext> made = [] {
    const test::Identity identity =
        test::make_identity("h2", "IP:127.0.0.1", &test::test_authority().authority);
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    REQUIRE(SSL_CTX_use_certificate(context, identity.certificate.get()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(context, identity.key.get()) == 1);
    SSL_CTX_set_alpn_select_cb(context, choose_http2, nullptr);
    return std::make_unique<TlsContext>(context);
  }();
  return *made;
}

}  // namespace

TEST_CASE("a call that the server refused unseen is sent again on the same connection") {
  on_each_reactor({[](runtime::StreamPtr& stream, int) -> Task<> {
                     Peer peer(*stream);
                     co_await peer.say(first_frame);
                     co_await peer.say(reset(co_await peer.next_call(), 7));
                     co_await peer.answer(co_await peer.next_call());
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     co_await call_ok(parts);
                     CHECK(parts.server.connections() == 1);
                   }});
}

TEST_CASE("a call that is refused twice is answered as unavailable") {
  on_each_reactor({[](runtime::StreamPtr& stream, int) -> Task<> {
                     Peer peer(*stream);
                     co_await peer.say(first_frame);
                     while (const uint32_t call = co_await peer.next_call())
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
                     Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t call = co_await peer.next_call();
                     if (number == 0) co_await peer.say(goaway(0));
                     if (number > 0) co_await peer.answer(call);
                     co_await peer.linger();
                   },
                   [](Parts& parts) -> Task<> {
                     co_await call_ok(parts);
                     CHECK(parts.server.connections() == 2);
                   }});
}

TEST_CASE("what GOAWAY covers is answered, and the next call takes a new connection") {
  on_each_reactor({[](runtime::StreamPtr& stream, int) -> Task<> {
                     Peer peer(*stream);
                     co_await peer.say(first_frame);
                     const uint32_t call = co_await peer.next_call();
                     co_await peer.say(goaway(call));
                     co_await peer.answer(call);
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
                     Peer peer(*stream);
                     co_await peer.say(first_frame);
                     co_await peer.say(reset(co_await peer.next_call(), 8));
                     (void)co_await peer.next_call();
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
                     Peer peer(*stream);
                     co_await peer.say(first_frame);
                     co_await peer.say(wire::test::request(co_await peer.next_call(),
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
                     Peer peer(*stream);
                     co_await peer.say(first_frame);
                     while (const uint32_t call = co_await peer.next_call())
                       if (number > 0) co_await peer.answer(call);
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

TEST_CASE("a connection that nobody uses ends, and the next call makes one") {
  on_each_reactor({[](runtime::StreamPtr& stream, int) -> Task<> {
                     Peer peer(*stream);
                     co_await peer.say(first_frame);
                     while (const uint32_t call = co_await peer.next_call())
                       co_await peer.answer(call);
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
                     Peer peer(*stream);
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
         Peer peer(*stream);
         co_await peer.say(first_frame);
         const uint32_t call = co_await peer.next_call();
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
    Result<runtime::StreamPtr> stream = co_await test::accept_tls(raw, http2_context());
    REQUIRE(stream.has_value());
    Peer peer(**stream);
    co_await peer.say(first_frame);
    while (const uint32_t call = co_await peer.next_call())
      co_await peer.answer(call);
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
