// Accepting, the same on every back end of Reactor.
#include <algorithm>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "base/cpu_time.h"
#include "runtime/reactor_test_kit.h"
#include "runtime/stream_test_kit.h"

namespace weir::runtime {
namespace {

// Each of `came` in turn.
Task<> accept_all(Reactor& reactor, int listening, std::span<const int> came) {
  auto listener = *reactor.listen(listening);
  for (const int client : came) {
    const Result<int> accepted = co_await listener->accept({reactor.now() + seconds(3)});
    REQUIRE(accepted.has_value());
    CHECK(peer_of(*accepted).port() == local_of(client).port());
    ::close(*accepted);
  }
}

Task<> accept_one(Reactor& reactor, int listening) {
  auto listener = *reactor.listen(listening);
  const Result<int> accepted = co_await listener->accept({reactor.now() + seconds(3)});
  REQUIRE(accepted.has_value());
  ::close(*accepted);
}

// The accept waits before anybody comes.
Task<> accept_then_connect(Reactor& reactor, int listening) {
  Scope scope(reactor);
  scope.spawn(accept_one(reactor, listening));
  const Wait wait{reactor.now() + seconds(3)};
  CHECK((co_await reactor.connect(local_of(listening), wait)).has_value());
  co_await scope.join();
}

Task<> accept_until(Reactor& reactor, int listening, Cancel& stop, int& accepted) {
  auto listener = *reactor.listen(listening);
  for (;; ++accepted) {
    const Result<int> fd = co_await listener->accept({never, &stop});
    if (!fd) {
      CHECK(fd.error().code == ErrorCode::cancelled);
      co_return;
    }
    ::close(*fd);
  }
}

// Behind the cancel, each that is accepted brings another.
Task<> cancel_while_they_come(const BackEnd& back_end) {
  constexpr size_t queued = 5;
  Reactor& reactor = *back_end.reactor;
  const Wait wait{reactor.now() + seconds(3)};
  const int fd = back_end.open_listener();
  const Address address = back_end.address_of(fd);
  auto listener = *reactor.listen(fd);
  std::vector<StreamPtr> clients, accepted;
  // Accepts once before, as a listener that is in use.
  for (size_t i = 0; i <= queued; ++i) {
    clients.push_back(*co_await reactor.connect(address, wait));
    if (i == 0) (void)reactor.adopt(*co_await listener->accept(wait));
  }
  Cancel stop;
  stop.request();
  Result<int> next = co_await listener->accept({never, &stop});
  for (; next && accepted.size() <= queued; next = co_await listener->accept({never, &stop})) {
    accepted.push_back(reactor.adopt(*next));
    clients.push_back(*co_await reactor.connect(address, wait));
  }
  CHECK(accepted.size() == queued);
  CHECK((!next && next.error().code == ErrorCode::cancelled));
  listener.reset();
  back_end.close_listener(fd);
}

// While it lives, sixteen more can be opened, of which take_all() takes what is left.
class FewDescriptors {
 public:
  FewDescriptors() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const int lowest_free = ::dup(STDERR_FILENO);
    ::close(lowest_free);
    const rlimit few{static_cast<rlim_t>(lowest_free) + 16, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  }
  ~FewDescriptors() {
    give_back();
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }
  void take_all() {
    for (int fd = 0; (fd = ::dup(STDERR_FILENO)) >= 0;)
      taken_.push_back(fd);
  }
  void give_back() {
    for (const int fd : std::exchange(taken_, {}))
      ::close(fd);
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

Task<> accept_without_descriptors(Reactor& reactor, int fd) {
  FewDescriptors descriptors;
  const Address address = local_of(fd);
  std::unique_ptr<Listener> listener = *reactor.listen(fd);
  Result<Pair> pair = co_await make_pair(reactor, *listener, address);
  REQUIRE(pair.has_value());
  const int client = *open_client_socket(address);
  REQUIRE(::connect(client, address.sockaddr_pointer(), address.sockaddr_size()) == 0);
  descriptors.take_all();
  const Result<int> refused = co_await listener->accept({reactor.now() + seconds(3)});
  CHECK(!refused.has_value());
  if (!refused) CHECK(refused.error().code == ErrorCode::overloaded);
  const Duration before = thread_cpu_time();
  (void)co_await sleep(reactor, {reactor.now() + milliseconds(200)});
  CHECK(thread_cpu_time() - before < milliseconds(100));
  descriptors.give_back();
  const Result<int> accepted = co_await listener->accept({reactor.now() + seconds(3)});
  CHECK(accepted.has_value());
  ::close(accepted.value_or(-1));
  ::close(client);
  listener.reset();
  ::close(fd);
}

}  // namespace

TEST_CASE("connections are handed out in the order in which they came") {
  for (const BackEnd& back_end : kernel_back_ends()) {
    CAPTURE(back_end.name);
    const int fd = back_end.open_listener();
    std::vector<int> clients;
    for (int i = 0; i < 5; ++i) {
      const Address server = local_of(fd);
      clients.push_back(*open_client_socket(server));
      REQUIRE(::connect(clients.back(), server.sockaddr_pointer(), server.sockaddr_size()) == 0);
    }
    run(*back_end.reactor, accept_all(*back_end.reactor, fd, clients));
    for (const int client : clients)
      ::close(client);
    back_end.close_listener(fd);
  }
}

TEST_CASE("a listening socket stays non-blocking, whichever back ends share it") {
  for (const bool reversed : {false, true}) {
    CAPTURE(reversed);
    std::vector<BackEnd> sharing = kernel_back_ends();
    if (reversed) std::ranges::reverse(sharing);
    const int fd = sharing.front().open_listener();
    std::vector<std::unique_ptr<Listener>> listeners;
    for (const BackEnd& back_end : sharing)
      listeners.push_back(*back_end.reactor->listen(fd));
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    listeners.clear();
    for (const BackEnd& back_end : sharing) {
      CAPTURE(back_end.name);
      run(*back_end.reactor, accept_then_connect(*back_end.reactor, fd));
    }
    ::close(fd);
  }
}

TEST_CASE("an accept that is cancelled takes first what is queued") {
  constexpr int many = 5;
  for (const BackEnd& back_end : kernel_back_ends()) {
    CAPTURE(back_end.name);
    Reactor& reactor = *back_end.reactor;
    const int fd = back_end.open_listener();
    const Address server = local_of(fd);
    Cancel stop;
    int accepted = 0;
    Scope scope(reactor);
    scope.spawn(accept_until(reactor, fd, stop, accepted));
    reactor.turn(reactor.now());
    std::vector<int> clients;
    for (int i = 0; i < many; ++i) {
      clients.push_back(*open_client_socket(server));
      REQUIRE(::connect(clients.back(), server.sockaddr_pointer(), server.sockaddr_size()) == 0);
    }
    stop.request();
    while (scope.running() > 0)
      reactor.turn(after(reactor.now(), seconds(3)));
    CHECK(accepted == many);
    for (const int client : clients)
      ::close(client);
    back_end.close_listener(fd);
  }
}

TEST_CASE(
    "who waits to be accepted while there are no descriptors does not keep the reactor awake") {
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  MESSAGE("skipped: what UBSan looks at, it reads through a pipe, for which there is none either");
  return;
#endif
  for (const BackEnd& back_end : kernel_back_ends()) {
    CAPTURE(back_end.name);
    run(*back_end.reactor, accept_without_descriptors(*back_end.reactor, back_end.open_listener()));
  }
}

TEST_CASE("what comes when an accept is cancelled already is left in the queue") {
  for (const BackEnd& back_end : back_ends()) {
    CAPTURE(back_end.name);
    run(*back_end.reactor, cancel_while_they_come(back_end));
  }
}

}  // namespace weir::runtime
