#include "net/cares_resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include "net/client_test_kit.h"
#include "settings/load.h"

namespace weir::net::test {
namespace {

// A name server on loopback that knows what the test tells it.
class NameServer {
 public:
  explicit NameServer(runtime::Reactor& reactor) : reactor_(reactor), scope_(reactor) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const Address any = *Address::parse("127.0.0.1:0");
    REQUIRE(::bind(fd_, any.sockaddr_pointer(), any.sockaddr_size()) == 0);
    scope_.spawn(serve());
  }
  Task<> stop() {
    scope_.cancel().request();
    co_await scope_.join();
    ::close(fd_);
  }
  std::string address() const { return runtime::local_of(fd_).to_string(); }

  std::string a = "192.0.2.1";  // empty: no A record
  std::string aaaa = "2001:db8::1";
  uint8_t ttl = 60;
  uint8_t code = 0;  // of the reply: 3 is NXDOMAIN, 2 SERVFAIL
  bool silent = false;
  int queries = 0;

 private:
  Task<> serve() {
    for (;;) {
      const Result<short> ready = co_await reactor_.poll(fd_, POLLIN, {never, &scope_.cancel()});
      if (!ready) co_return;
      answer_all();
    }
  }
  void answer_all() {
    char query[512];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    ssize_t bytes;
    while ((bytes = ::recvfrom(fd_, query, sizeof query, 0, reinterpret_cast<sockaddr*>(&from),
                               &size)) > 0) {
      ++queries;
      if (silent) continue;
      const std::string reply = reply_to({query, static_cast<size_t>(bytes)});
      ::sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  // RFC 1035 4: header, the question again, one answer whose name points at the question's.
  std::string reply_to(std::string_view query) const {
    size_t end = 12;
    while (query[end] != 0)
      end += static_cast<size_t>(query[end]) + 1;
    const uint16_t type = static_cast<uint8_t>(query[end + 2]);
    const std::string_view question = query.substr(12, end + 5 - 12);
    char address[16];
    const bool v6 = type == 28;
    const std::string& text = v6 ? aaaa : a;
    const bool answers =
        code == 0 && !text.empty() && ::inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), address);
    std::string reply(query.substr(0, 2));
    reply += std::string("\x81", 1) + static_cast<char>(0x80 | code);
    reply += std::string("\0\1\0", 3) + static_cast<char>(answers) + std::string("\0\0\0\0", 4);
    reply += question;
    if (!answers) return reply;
    reply += std::string("\xc0\x0c\0", 3) + static_cast<char>(type) + std::string("\0\1\0\0\0", 5);
    reply += static_cast<char>(ttl);
    const size_t length = v6 ? 16 : 4;
    return reply + '\0' + static_cast<char>(length) + std::string(address, length);
  }

  runtime::Reactor& reactor_;
  runtime::Scope scope_;
  int fd_;
};

struct Names {
  runtime::Reactor& reactor;
  NameServer& server;
  CaresResolver& resolver;
};
using NamesBody = Task<> (*)(Names&);
using NamesTuning = void (*)(ResolverSettings&);

Task<> run_names(runtime::Reactor& reactor, NamesBody body, NamesTuning tuning) {
  NameServer server(reactor);
  ResolverSettings settings = settings::defaults(resolver_settings());
  settings.servers = {server.address()};
  settings.query_timeout = milliseconds(50);
  settings.attempts = 1;
  if (tuning) tuning(settings);
  telemetry::Recorder recorder;
  auto resolver = CaresResolver::make(reactor, settings, recorder);
  REQUIRE(resolver.has_value());
  Names names{reactor, server, **resolver};
  co_await body(names);
  co_await (*resolver)->stop();
  co_await server.stop();
}

void with_names(NamesBody body, NamesTuning tuning = nullptr) {
  for (const runtime::ReactorKind kind : reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    OneShard one(kind);
    one.run(run_names(one.reactor(), body, tuning));
  }
}

Task<> resolve_into(Resolver& resolver, Wait wait, int& answered) {
  if (co_await resolver.resolve("origin.test", 80, wait)) ++answered;
}

bool contains(const std::vector<Address>& all, std::string_view address) {
  return std::ranges::find(all, *Address::parse(address)) != all.end();
}

}  // namespace

TEST_CASE("a name is resolved to its addresses of both families, and remembered") {
  with_names([](Names& all) -> Task<> {
    for (int i = 0; i < 3; ++i) {
      auto found = co_await all.resolver.resolve("origin.test", 8080, in_time(all.reactor));
      REQUIRE(found.has_value());
      CHECK(found->size() == 2);
      CHECK(contains(*found, "192.0.2.1:8080"));
      CHECK(contains(*found, "[2001:db8::1]:8080"));
    }
    CHECK(all.server.queries == 2);
  });
}

TEST_CASE("an answer is kept for as long as it says") {
  with_names(
      [](Names& all) -> Task<> {
        all.server.ttl = 0;
        CHECK((co_await all.resolver.resolve("origin.test", 80, in_time(all.reactor))));
        all.server.a = "192.0.2.2";
        all.server.aaaa = "";
        co_await pause(all.reactor, milliseconds(30));
        auto found = co_await all.resolver.resolve("origin.test", 80, in_time(all.reactor));
        REQUIRE(found.has_value());
        CHECK(found->size() == 1);
        CHECK(contains(*found, "192.0.2.2:80"));
      },
      [](ResolverSettings& s) { s.ttl_min = milliseconds(10); });
}

TEST_CASE("those who ask for one name at a time share a look-up") {
  with_names([](Names& all) -> Task<> {
    int answered = 0;
    runtime::Scope scope(all.reactor);
    for (int i = 0; i < 20; ++i)
      scope.spawn(resolve_into(all.resolver, in_time(all.reactor), answered));
    co_await scope.join();
    CHECK(answered == 20);
    CHECK(all.server.queries == 2);
  });
}

TEST_CASE("a name that is not there is an error, which is remembered for a moment") {
  with_names([](Names& all) -> Task<> {
    all.server.code = 3;
    for (int i = 0; i < 3; ++i) {
      auto found = co_await all.resolver.resolve("origin.test", 80, in_time(all.reactor));
      REQUIRE(!found.has_value());
      CHECK(found.error().code == ErrorCode::not_found);
    }
    CHECK(all.server.queries <= 4);
  });
}

TEST_CASE("a server that does not answer ends in an error, in time") {
  with_names([](Names& all) -> Task<> {
    all.server.silent = true;
    auto found = co_await all.resolver.resolve("origin.test", 80, in_time(all.reactor));
    REQUIRE(!found.has_value());
    CHECK(found.error().code == ErrorCode::dns);
    auto late =
        co_await all.resolver.resolve("other.test", 80, in_time(all.reactor, milliseconds(10)));
    REQUIRE(!late.has_value());
    CHECK(late.error().code == ErrorCode::timed_out);
  });
}

TEST_CASE("an old answer serves while the servers do not answer") {
  with_names(
      [](Names& all) -> Task<> {
        all.server.ttl = 0;
        CHECK((co_await all.resolver.resolve("origin.test", 80, in_time(all.reactor))));
        co_await pause(all.reactor, milliseconds(20));
        all.server.silent = true;
        auto silent = co_await all.resolver.resolve("origin.test", 80, in_time(all.reactor));
        CHECK(silent.has_value());
        all.server.silent = false;
        all.server.code = 2;
        co_await pause(all.reactor, milliseconds(20));
        CHECK((co_await all.resolver.resolve("origin.test", 80, in_time(all.reactor))));
      },
      [](ResolverSettings& s) {
        s.ttl_min = milliseconds(5);
        s.negative_ttl = milliseconds(5);
      });
}

TEST_CASE("addresses written as names are answered at once, and localhost without a server") {
  with_names([](Names& all) -> Task<> {
    auto literal = co_await all.resolver.resolve("::1", 80, in_time(all.reactor));
    REQUIRE(literal.has_value());
    CHECK(contains(*literal, "[::1]:80"));
    auto local = co_await all.resolver.resolve("localhost", 81, in_time(all.reactor));
    REQUIRE(local.has_value());
    CHECK((contains(*local, "127.0.0.1:81") || contains(*local, "[::1]:81")));
    CHECK(all.server.queries == 0);
  });
}

TEST_CASE("the names that are remembered are bounded") {
  with_names(
      [](Names& all) -> Task<> {
        for (const char* name : {"a.test", "b.test", "c.test", "d.test"})
          CHECK((co_await all.resolver.resolve(name, 80, in_time(all.reactor))));
        CHECK(all.resolver.name_count() == 2);
      },
      [](ResolverSettings& s) { s.names_max = 2; });
}

TEST_CASE("a server that is no address is refused") {
  OneShard one(reactor_kinds()[0]);
  ResolverSettings settings = settings::defaults(resolver_settings());
  settings.servers = {"not an address"};
  telemetry::Recorder recorder;
  auto resolver = CaresResolver::make(one.reactor(), settings, recorder);
  REQUIRE(!resolver.has_value());
  CHECK(resolver.error().code == ErrorCode::invalid);
}

}  // namespace weir::net::test
