#include "net/tls_stream.h"

#include <sys/socket.h>

#include "net/tls_origin_kit.h"

namespace weir::net::test {
namespace {

using runtime::StreamPtr;

struct TlsPair {
  StreamPtr client;
  StreamPtr server;
};

Task<> handshake_client(TlsPair& pair, StreamPtr raw, const TlsContext& context,
                        TlsSessions* sessions) {
  Result<SslPtr> ssl = context.connection_to("origin.test", sessions);
  const Wait wait = in_time(raw->reactor());
  Result<StreamPtr> stream = co_await tls_handshake(std::move(raw), *std::move(ssl), wait);
  CHECK(stream.has_value());
  if (stream) pair.client = *std::move(stream);
}

// Both ends of one TLS connection on one shard; the raw server end stays reachable.
Task<> make_tls_pair(runtime::Reactor& reactor, TlsPair& pair, TlsSessions* sessions) {
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
  OriginTlsSettings settings;
  settings.ca_file = test_authority().ca_file;
  auto context = TlsContext::client(settings);
  REQUIRE(context.has_value());
  runtime::Scope scope(reactor);
  scope.spawn(handshake_client(pair, reactor.adopt(fds[0]), **context, sessions));
  StreamPtr raw = reactor.adopt(fds[1]);
  Result<StreamPtr> server = co_await accept_tls(raw, *test_authority().origin);
  co_await scope.join();
  REQUIRE(server.has_value());
  pair.server = *std::move(server);
}

Task<std::string> read_bytes(runtime::Stream& stream, size_t bytes) {
  std::string all;
  while (all.size() < bytes) {
    Result<runtime::Chunk> chunk = co_await stream.recv(in_time(stream.reactor()));
    if (!chunk || chunk->empty()) break;
    all += chunk->view();
  }
  co_return all;
}

Task<> send_pieces(runtime::Stream& stream, std::string_view bytes) {
  iovec parts[3] = {runtime::part(bytes.substr(0, 10)), runtime::part(""),
                    runtime::part(bytes.substr(10))};
  CHECK((co_await stream.send(parts, in_time(stream.reactor()))).has_value());
}

using PairBody = Task<> (*)(runtime::Reactor&, TlsPair&);

Task<> run_pair(runtime::Reactor& reactor, PairBody body) {
  TlsPair pair;
  co_await make_tls_pair(reactor, pair, nullptr);
  co_await body(reactor, pair);
}

void on_every_pair(PairBody body) {
  for (const runtime::ReactorKind kind : reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    OneShard one(kind);
    one.run(run_pair(one.reactor(), body));
  }
}

}  // namespace

TEST_CASE("bytes pass through TLS whole, both ways at once") {
  on_every_pair([](runtime::Reactor& reactor, TlsPair& pair) -> Task<> {
    std::string up(1'500'000, 'u'), down(700'000, 'd');
    for (size_t i = 0; i < up.size(); i += 997)
      up[i] = static_cast<char>('0' + i % 10);
    runtime::Scope scope(reactor);
    scope.spawn(send_pieces(*pair.client, up));
    scope.spawn(send_pieces(*pair.server, down));
    const std::string got_up = co_await read_bytes(*pair.server, up.size());
    const std::string got_down = co_await read_bytes(*pair.client, down.size());
    co_await scope.join();
    CHECK(got_up == up);
    CHECK(got_down == down);
  });
}

TEST_CASE("an end with close_notify is an end; a cut connection is an error") {
  on_every_pair([](runtime::Reactor& reactor, TlsPair& pair) -> Task<> {
    co_await say(*pair.server, "last words");
    pair.server.reset();
    CHECK(co_await read_bytes(*pair.client, 10) == "last words");
    Result<runtime::Chunk> end = co_await pair.client->recv(in_time(reactor));
    REQUIRE(end.has_value());
    CHECK(end->empty());
  });
  on_every_pair([](runtime::Reactor& reactor, TlsPair& pair) -> Task<> {
    co_await say(*pair.server, "last words");
    pair.server->abort_on_close();
    pair.server.reset();
    Result<runtime::Chunk> words = co_await pair.client->recv(in_time(reactor));
    if (words) {
      Result<runtime::Chunk> end = co_await pair.client->recv(in_time(reactor));
      REQUIRE(!end.has_value());
      CHECK(end.error().code == ErrorCode::reset);
    }
  });
}

TEST_CASE("after the end of one direction the other still carries") {
  on_every_pair([](runtime::Reactor& reactor, TlsPair& pair) -> Task<> {
    pair.client->shutdown_send();
    Result<runtime::Chunk> end = co_await pair.server->recv(in_time(reactor));
    REQUIRE(end.has_value());
    CHECK(end->empty());
    co_await say(*pair.server, "still heard");
    CHECK(co_await read_bytes(*pair.client, 11) == "still heard");
  });
}

TEST_CASE("a TLS receive that times out loses nothing, and a stuck send ends at its deadline") {
  on_every_pair([](runtime::Reactor& reactor, TlsPair& pair) -> Task<> {
    Result<runtime::Chunk> none = co_await pair.client->recv(in_time(reactor, milliseconds(5)));
    REQUIRE(!none.has_value());
    CHECK(none.error().code == ErrorCode::timed_out);
    co_await say(*pair.server, "later");
    CHECK(co_await read_bytes(*pair.client, 5) == "later");
    const std::string much(32 << 20, 'x');
    iovec parts[1] = {runtime::part(much)};
    const Result<> sent = co_await pair.client->send(parts, in_time(reactor, milliseconds(30)));
    REQUIRE(!sent.has_value());
    CHECK(sent.error().code == ErrorCode::timed_out);
  });
}

TEST_CASE("reading from TLS stops while nobody takes the bytes") {
  on_every_pair([](runtime::Reactor& reactor, TlsPair& pair) -> Task<> {
    (void)co_await pair.server->recv(in_time(reactor, milliseconds(1)));
    const std::string much(32 << 20, 'x');
    iovec parts[1] = {runtime::part(much)};
    const Result<> sent = co_await pair.client->send(parts, in_time(reactor, milliseconds(50)));
    CHECK(!sent.has_value());
    CHECK(pair.server->bytes_received() < 1'000'000);
  });
}

TEST_CASE("a second connection resumes the session of the first") {
  for (const runtime::ReactorKind kind : reactor_kinds()) {
    struct Twice {
      static Task<> run(runtime::Reactor& reactor, TlsSessions& sessions) {
        TlsPair first, second;
        co_await make_tls_pair(reactor, first, &sessions);
        co_await say(*first.server, "hello");
        CHECK(co_await read_bytes(*first.client, 5) == "hello");
        CHECK(sessions.last() != nullptr);
        co_await make_tls_pair(reactor, second, &sessions);
        co_await say(*second.server, "again");
        CHECK(co_await read_bytes(*second.client, 5) == "again");
        CHECK(!static_cast<TlsStream&>(*first.client).resumed());
        CHECK(static_cast<TlsStream&>(*second.client).resumed());
      }
    };
    OneShard one(kind);
    TlsSessions sessions;
    one.run(Twice::run(one.reactor(), sessions));
  }
}

TEST_CASE("an https origin is asked over TLS, and the connection is used again") {
  on_every_reactor(
      [](StreamPtr& raw, int) -> Task<> { co_await tls_hello(raw, *test_authority().origin); },
      [](Case& all) -> Task<> {
        for (int i = 0; i < 3; ++i) {
          Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
          REQUIRE(answer.has_value());
          CHECK(answer->body == "hello");
          CHECK(answer->reused == (i > 0));
        }
        CHECK(all.origin.connections() == 1);
      },
      trust_test_authority);
}

TEST_CASE("a certificate that is not to be believed is refused, and says why") {
  struct Untrusted {
    static Task<> check(Case& all) {
      Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
      REQUIRE(!answer.has_value());
      CHECK(answer.error().code == ErrorCode::tls);
      CHECK(std::string_view(answer.error().text) != "");
      CHECK(all.client.metrics().connect_failed(ErrorCode::tls).value() == 1);
    }
  };
  const ScriptedOrigin::Script right = [](StreamPtr& raw, int) -> Task<> {
    co_await tls_hello(raw, *test_authority().origin);
  };
  const ScriptedOrigin::Script expired = [](StreamPtr& raw, int) -> Task<> {
    co_await tls_hello(raw, *test_authority().expired);
  };
  SUBCASE("an unknown authority") {
    on_every_reactor(right, Untrusted::check,
                     [](OriginSettings& s) { s.url.replace(0, 4, "https"); });
  }
  SUBCASE("another name") {
    on_every_reactor(right, Untrusted::check, [](OriginSettings& s) {
      trust_test_authority(s);
      s.tls.server_name = "elsewhere.test";
    });
  }
  SUBCASE("one that has expired") {
    on_every_reactor(expired, Untrusted::check, trust_test_authority);
  }
}

TEST_CASE("without verification any certificate will do") {
  on_every_reactor(
      [](StreamPtr& raw, int) -> Task<> { co_await tls_hello(raw, *test_authority().expired); },
      [](Case& all) -> Task<> {
        CHECK((co_await get(all.client, in_time(all.reactor))).has_value());
      },
      [](OriginSettings& s) {
        s.url.replace(0, 4, "https");
        s.tls.verify = false;
      });
}

TEST_CASE("a peer that does not speak TLS, or says nothing, does not hold a request") {
  on_every_reactor(
      [](StreamPtr& raw, int number) -> Task<> {
        if (number == 0) co_await say(*raw, "HTTP/1.1 400 Bad Request\r\n\r\n");
        (void)co_await hear(*raw, "never");
      },
      [](Case& all) -> Task<> {
        Result<Answer> plain = co_await get(all.client, in_time(all.reactor));
        REQUIRE(!plain.has_value());
        CHECK(plain.error().code == ErrorCode::tls);
        Result<Answer> silent = co_await get(all.client, in_time(all.reactor));
        REQUIRE(!silent.has_value());
        CHECK(silent.error().code == ErrorCode::timed_out);
      },
      [](OriginSettings& s) {
        trust_test_authority(s);
        s.connect_timeout = milliseconds(50);
      });
}

TEST_CASE("an origin that asks for our certificate gets it, and another is not told why") {
  static const IdentityFiles ours(
      make_identity("weir", "DNS:weir.test", &test_authority().authority));
  static const std::unique_ptr<TlsContext> asking = [] {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    const Identity identity = make_identity("origin", "IP:127.0.0.1", &test_authority().authority);
    SSL_CTX_use_certificate(context, identity.certificate.get());
    SSL_CTX_use_PrivateKey(context, identity.key.get());
    SSL_CTX_load_verify_file(context, test_authority().ca_file.c_str());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return std::make_unique<TlsContext>(context);
  }();
  const ScriptedOrigin::Script script = [](StreamPtr& raw, int) -> Task<> {
    co_await tls_hello(raw, *asking);
  };
  on_every_reactor(
      script,
      [](Case& all) -> Task<> {
        Result<Answer> answer = co_await get(all.client, in_time(all.reactor));
        REQUIRE(answer.has_value());
        CHECK(answer->body == "hello");
      },
      [](OriginSettings& s) {
        trust_test_authority(s);
        s.tls.certificate = ours.certificate.path();
        s.tls.key = ours.key.path();
      });
  on_every_reactor(
      script,
      [](Case& all) -> Task<> {
        CHECK(!(co_await get(all.client, in_time(all.reactor))).has_value());
      },
      trust_test_authority);
}

TEST_CASE(
    "a certificate of ours that cannot be read, or has another key, is an error at the start") {
  const IdentityFiles one(make_identity("one", "DNS:one.test", nullptr));
  const IdentityFiles other(make_identity("other", "DNS:other.test", nullptr));
  OriginSettings settings = origin_with_defaults("https://origin.test");
  const auto problem = [&](const std::string& certificate, const std::string& key) {
    settings.tls.certificate = certificate;
    settings.tls.key = key;
    const auto share = OriginShare::make(settings, 1);
    return share ? std::string() : std::string(share.error().text);
  };
  CHECK(problem(one.certificate.path(), one.key.path()).empty());
  CHECK(problem("/does/not/exist.pem", one.key.path()).starts_with("tls.certificate "));
  CHECK(problem(one.certificate.path(), other.key.path()).starts_with("tls.key "));
}

TEST_CASE("a CA file that cannot be read is an error when the origin is made") {
  OriginSettings settings = origin_with_defaults("https://origin.test");
  settings.tls.ca_file = "/does/not/exist.pem";
  const auto share = OriginShare::make(settings, 1);
  REQUIRE(!share.has_value());
  CHECK(share.error().code == ErrorCode::tls);
}

}  // namespace weir::net::test
