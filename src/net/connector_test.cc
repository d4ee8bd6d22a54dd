#include "net/connector.h"

#include "net/client_test_kit.h"

namespace weir::net::test {
namespace {

using runtime::StreamPtr;

Address closed_port() {
  const int fd = *runtime::open_listener(*Address::parse("127.0.0.1:0"), 1);
  const Address gone = runtime::local_of(fd);
  ::close(fd);
  return gone;
}

// Takes no connection: its queue is full, so that an attempt hangs.
class FullListener {
 public:
  FullListener() : fd_(*runtime::open_listener(*Address::parse("127.0.0.1:0"), 0)) {
    for (int& client : clients_) {
      client = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      const Address to = address();
      (void)::connect(client, to.sockaddr_pointer(), to.sockaddr_size());
    }
  }
  ~FullListener() {
    for (const int client : clients_)
      ::close(client);
    ::close(fd_);
  }
  Address address() const { return runtime::local_of(fd_); }

 private:
  int fd_;
  int clients_[4];
};

Task<> idle_script(StreamPtr& stream, int) {
  (void)co_await hear(*stream, "never");
}

using Body = Task<> (*)(runtime::Reactor&, ScriptedOrigin&);
Task<> with_origin(runtime::Reactor& reactor, Body body) {
  ScriptedOrigin origin(reactor, idle_script);
  co_await body(reactor, origin);
  co_await origin.stop();
}
void on_every_reactor_with_origin(Body body) {
  for (const runtime::ReactorKind kind : reactor_kinds()) {
    CAPTURE(static_cast<int>(kind));
    OneShard one(kind);
    one.run(with_origin(one.reactor(), body));
  }
}

}  // namespace

TEST_CASE("addresses are tried with their families by turns, and not too many") {
  const auto address = [](const char* text) { return *Address::parse(text); };
  const std::vector<Address> given{address("[::1]:1"), address("[::2]:1"), address("[::3]:1"),
                                   address("1.1.1.1:1"), address("2.2.2.2:1")};
  const std::vector<Address> order = connect_order(given);
  const std::vector<Address> expected{address("[::1]:1"), address("1.1.1.1:1"), address("[::2]:1"),
                                      address("2.2.2.2:1"), address("[::3]:1")};
  CHECK(order == expected);
  CHECK(connect_order(std::vector<Address>(50, address("1.1.1.1:1"))).size() ==
        connect_addresses_max);
}

TEST_CASE("an address that refuses costs no time: the next is tried at once") {
  on_every_reactor_with_origin([](runtime::Reactor& reactor, ScriptedOrigin& origin) -> Task<> {
    const MonoTime begin = reactor.now();
    const std::vector<Address> all{closed_port(), closed_port(), origin.address()};
    Result<StreamPtr> stream = co_await connect_any(reactor, all, in_time(reactor));
    REQUIRE(stream.has_value());
    CHECK((*stream)->peer() == origin.address());
    CHECK(reactor.now() - begin < milliseconds(150));
  });
}

TEST_CASE("an address that hangs is overtaken by the next, and given up") {
  on_every_reactor_with_origin([](runtime::Reactor& reactor, ScriptedOrigin& origin) -> Task<> {
    const FullListener full;
    const MonoTime begin = reactor.now();
    const std::vector<Address> all{full.address(), origin.address()};
    Result<StreamPtr> stream = co_await connect_any(reactor, all, in_time(reactor));
    REQUIRE(stream.has_value());
    CHECK((*stream)->peer() == origin.address());
    CHECK(reactor.now() - begin >= connect_attempt_delay);
    CHECK(reactor.now() - begin < seconds(1));
  });
}

TEST_CASE("when no address answers the error is that of the first, or that time is up") {
  on_every_reactor_with_origin([](runtime::Reactor& reactor, ScriptedOrigin&) -> Task<> {
    const std::vector<Address> closed{closed_port(), closed_port()};
    Result<StreamPtr> refused = co_await connect_any(reactor, closed, in_time(reactor));
    REQUIRE(!refused.has_value());
    CHECK(refused.error().code == ErrorCode::refused);
    const FullListener full;
    const std::vector<Address> hanging{full.address(), full.address()};
    Result<StreamPtr> late =
        co_await connect_any(reactor, hanging, in_time(reactor, milliseconds(30)));
    REQUIRE(!late.has_value());
    CHECK(late.error().code == ErrorCode::timed_out);
    Result<StreamPtr> none = co_await connect_any(reactor, {}, in_time(reactor));
    CHECK(none.error().code == ErrorCode::dns);
  });
}

TEST_CASE("who cancels does not wait for the attempts") {
  on_every_reactor_with_origin([](runtime::Reactor& reactor, ScriptedOrigin&) -> Task<> {
    struct Attempt {
      static Task<> run(runtime::Reactor& on, runtime::Cancel& cancel, ErrorCode& code) {
        const FullListener full;
        const std::vector<Address> hanging{full.address(), full.address()};
        Result<StreamPtr> stream =
            co_await connect_any(on, hanging, {on.now() + seconds(5), &cancel});
        code = stream ? ErrorCode::io : stream.error().code;
      }
    };
    runtime::Scope scope(reactor);
    ErrorCode code{};
    scope.spawn(Attempt::run(reactor, scope.cancel(), code));
    co_await pause(reactor, milliseconds(5));
    const MonoTime begin = reactor.now();
    scope.cancel().request();
    co_await scope.join();
    CHECK(code == ErrorCode::cancelled);
    CHECK(reactor.now() - begin < milliseconds(100));
  });
}

}  // namespace weir::net::test
