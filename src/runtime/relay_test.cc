#include "runtime/relay.h"

#include <cstdlib>
#include <unistd.h>

#include <doctest/doctest.h>

#include "runtime/socket.h"
#include "runtime/stream_test_kit.h"

namespace weir::runtime {
namespace {

std::unique_ptr<Reactor> make_reactor(ReactorKind kind, uint32_t relays = 4) {
  ReactorOptions options;
  options.kind = kind;
  options.relays = relays;
  auto reactor = Reactor::make(options, 1);
  return reactor ? *std::move(reactor) : nullptr;
}

// Whether the kernel, and WEIR_REACTOR, let relays be tested.
bool uring_allowed() {
  const char* only = std::getenv("WEIR_REACTOR");
  return !(only && std::string_view(only) == "epoll") &&
         make_reactor(ReactorKind::io_uring) != nullptr;
}

// An origin that sends to us, and a client that we send to.
struct Way {
  Pair origin;
  Pair client;
  RelayEnd from() {
    return {*origin.client, {origin.client->reactor().now() + seconds(3)}, seconds(3)};
  }
  RelayEnd to() {
    return {*client.server, {client.server->reactor().now() + seconds(3)}, seconds(3)};
  }
};

using Body = Task<> (*)(Reactor&, Way&);

Task<> with_way(Reactor& reactor, Body body) {
  const int fd = *open_listener(*Address::parse("127.0.0.1:0"), 16);
  std::unique_ptr<Listener> listener = *reactor.listen(fd);
  Result<Pair> origin = co_await make_pair(reactor, *listener, local_of(fd));
  Result<Pair> client = co_await make_pair(reactor, *listener, local_of(fd));
  REQUIRE(origin.has_value());
  REQUIRE(client.has_value());
  Way way{*std::move(origin), *std::move(client)};
  way.origin.client->expect_bulk();
  co_await body(reactor, way);
  listener.reset();
  ::close(fd);
}

void on_a_way(Body body, ReactorKind kind = ReactorKind::io_uring, uint32_t relays = 4) {
  const std::unique_ptr<Reactor> reactor = make_reactor(kind, relays);
  run(*reactor, with_way(*reactor, body));
}

Task<> read_into(Stream& stream, size_t bytes, std::string& out) {
  Result<std::string> got = co_await read_exactly(stream, bytes);
  out = got.value_or("");
}

// From then on the stream reads by itself.
Task<> let_much_come(Way& way) {
  const std::string much(100'000, '.');
  co_await send_all(*way.origin.server, much);
  CHECK(co_await read_exactly(*way.origin.client, much.size()) == much);
}

std::string numbered(size_t bytes) {
  std::string text(bytes, '.');
  for (size_t i = 0; i < bytes; i += 61)
    text[i] = static_cast<char>('a' + i % 23);
  return text;
}

}  // namespace

TEST_CASE("what is relayed arrives whole and in order, and what follows it is received as ever") {
  if (!uring_allowed()) return;
  on_a_way([](Reactor& reactor, Way& way) -> Task<> {
    const std::string bytes = numbered(3'000'000);
    std::string got;
    Scope scope(reactor);
    scope.spawn(send_all(*way.origin.server, bytes));
    scope.spawn(read_into(*way.client.client, bytes.size() + 8, got));
    iovec head[2] = {part("HEAD"), part("LINE")};
    const auto relayed = co_await relay(way.from(), way.to(), head, bytes.size());
    co_await scope.join();
    REQUIRE(relayed.has_value());
    CHECK(relayed->bytes == bytes.size());
    CHECK(relayed->source.has_value());
    CHECK(relayed->target.has_value());
    CHECK(got == "HEADLINE" + bytes);
    CHECK(way.origin.client->quiet());

    co_await send_all(*way.origin.server, "then this");
    CHECK(co_await read_exactly(*way.origin.client, 9) == "then this");
    co_await send_all(*way.client.server, "and that");
    CHECK(co_await read_exactly(*way.client.client, 8) == "and that");
    co_await send_all(*way.client.client, "again");
    CHECK(co_await read_exactly(*way.client.server, 5) == "again");
  });
}

TEST_CASE("after a relay a send of many pieces still waits for room") {
  if (!uring_allowed()) return;
  on_a_way([](Reactor& reactor, Way& way) -> Task<> {
    const std::string bytes = numbered(50'000);
    co_await send_all(*way.origin.server, bytes);
    REQUIRE((co_await relay(way.from(), way.to(), {}, bytes.size())).has_value());
    CHECK(co_await read_exactly(*way.client.client, bytes.size()) == bytes);
    const std::string piece = numbered(15'000);
    std::vector<iovec> pieces(500, part(piece));  // more than two sockets hold
    Result<> sent;
    Scope scope(reactor);
    scope.spawn([](Way& on, std::vector<iovec>& all, Result<>& outcome) -> Task<> {
      outcome = co_await on.client.server->send(all, on.to().wait);
    }(way, pieces, sent));
    size_t read = 0;
    while (read < pieces.size() * piece.size()) {
      Result<Chunk> chunk = co_await way.client.client->recv({reactor.now() + seconds(3)});
      if (!chunk || chunk->empty()) break;
      read += chunk->size();
    }
    co_await scope.join();
    CHECK(sent.has_value());
    CHECK(read == pieces.size() * piece.size());
  });
}

TEST_CASE("a relay takes what was asked for and not a byte more") {
  if (!uring_allowed()) return;
  on_a_way([](Reactor&, Way& way) -> Task<> {
    co_await let_much_come(way);
    const std::string bytes = numbered(100'000);
    co_await send_all(*way.origin.server, bytes);
    Result<std::string> head = co_await read_exactly(*way.origin.client, 10);
    REQUIRE(head.has_value());
    // The first read was small: most of it is still in the kernel.
    REQUIRE(head->size() < 10'000);
    const size_t relayed_bytes = 50'000;
    const auto relayed = co_await relay(way.from(), way.to(), {}, relayed_bytes);
    REQUIRE(relayed.has_value());
    CHECK(relayed->bytes == relayed_bytes);
    CHECK(co_await read_exactly(*way.client.client, relayed_bytes) ==
          bytes.substr(head->size(), relayed_bytes));
    const size_t rest = bytes.size() - head->size() - relayed_bytes;
    CHECK(!way.origin.client->quiet());
    CHECK(co_await read_exactly(*way.origin.client, rest) ==
          bytes.substr(head->size() + relayed_bytes));
    CHECK(way.origin.client->quiet());
  });
}

// An answer of a head and a body, of which the head is received and the body relayed. How much came
// with the first receive.
Task<size_t> relay_answer(Way& way, std::string_view head, std::string_view body) {
  co_await send_all(*way.origin.client, "ask");
  CHECK(co_await read_exactly(*way.origin.server, 3) == "ask");
  co_await send_all(*way.origin.server, std::string(head) + std::string(body));
  std::string got;
  size_t first = 0;
  while (got.size() < head.size()) {
    Result<Chunk> chunk = co_await way.origin.client->recv(way.from().wait);
    if (!chunk || chunk->empty()) break;
    if (first == 0) first = chunk->size();
    got += chunk->view();
  }
  CHECK(got.starts_with(head));
  const size_t body_received = got.size() - head.size();
  RelayEnd from = way.from();
  from.body_received = body_received;
  const auto relayed = co_await relay(from, way.to(), {}, 50'000 - body_received);
  REQUIRE(relayed.has_value());
  CHECK(relayed->bytes == 50'000 - body_received);
  const size_t left = 50'000 - body_received;
  CHECK(co_await read_exactly(*way.client.client, left) == body.substr(body_received, left));
  co_return first;
}

TEST_CASE("once an answer was relayed, of the next not much more than the head is read") {
  if (!uring_allowed()) return;
  on_a_way([](Reactor&, Way& way) -> Task<> {
    co_await let_much_come(way);
    const std::string body = numbered(50'000);
    CHECK(co_await relay_answer(way, std::string(100, 'h'), body) == 4096);
    CHECK(co_await relay_answer(way, std::string(100, 'h'), body) == 256);
    // A longer head than the last takes another read.
    CHECK(co_await relay_answer(way, std::string(3000, 'h'), body) == 256);
    CHECK(co_await relay_answer(way, std::string(3000, 'h'), body) == 4096);
    CHECK(co_await relay_answer(way, std::string(300, 'h'), body) == 4096);
    CHECK(co_await relay_answer(way, std::string(300, 'h'), body) == 512);
    CHECK(way.origin.client->quiet());
  });
}

TEST_CASE("what lies behind a relayed body is noticed, also where the socket has said how much") {
  if (!uring_allowed()) return;
  static constexpr std::string_view head = "a head";
  on_a_way([](Reactor&, Way& way) -> Task<> {
    co_await let_much_come(way);
    const std::string body = numbered(50'000);
    for (int answer = 0; answer < 3; ++answer) {
      co_await relay_answer(way, head, body);
      CHECK(way.origin.client->quiet());
    }
    co_await relay_answer(way, head, body + "x");
    CHECK(!way.origin.client->quiet());
    CHECK(co_await read_exactly(*way.origin.client, 1) == "x");
    CHECK(way.origin.client->quiet());
  });
  on_a_way([](Reactor&, Way& way) -> Task<> {
    co_await let_much_come(way);
    const std::string body = numbered(50'000);
    co_await relay_answer(way, head, body);
    Scope scope(way.origin.client->reactor());
    // The end comes before the body is looked at.
    scope.spawn([](Way& on) -> Task<> {
      CHECK(co_await read_exactly(*on.origin.server, 3) == "ask");
      co_await send_all(*on.origin.server, "0123456789");
      on.origin.server->shutdown_send();
    }(way));
    co_await send_all(*way.origin.client, "ask");
    co_await scope.join();
    Result<Chunk> chunk = co_await way.origin.client->recv(way.from().wait);
    REQUIRE(chunk.has_value());
    CHECK(chunk->view() == "0123456789");
    CHECK(!way.origin.client->quiet());
  });
}

TEST_CASE("an end that nobody has been told of keeps a connection from leaving for another shard") {
  if (!uring_allowed()) return;
  on_a_way([](Reactor&, Way& way) -> Task<> {
    co_await let_much_come(way);
    co_await relay_answer(way, "a head", numbered(50'000));
    co_await relay_answer(way, "a head", numbered(50'000));
    way.origin.server->shutdown_send();
    CHECK(co_await way.origin.client->detach() == -1);
  });
  on_a_way([](Reactor& reactor, Way& way) -> Task<> {
    const int fd = co_await way.origin.client->detach();
    REQUIRE(fd >= 0);
    way.origin.server->shutdown_send();
    StreamPtr adopted = reactor.adopt(fd);
    adopted->expect_bulk();
    CHECK(!adopted->quiet());
  });
}

TEST_CASE("a large body behind small answers is relayed, but for what had come by then") {
  if (!uring_allowed()) return;
  on_a_way([](Reactor& reactor, Way& way) -> Task<> {
    for (int answer = 0; answer < 3; ++answer) {
      co_await send_all(*way.origin.server, "a small answer");
      CHECK(co_await read_exactly(*way.origin.client, 14) == "a small answer");
      CHECK(way.origin.client->quiet());
    }
    const std::string bytes = numbered(8'000'000);
    std::string got;
    Scope scope(reactor);
    scope.spawn(send_all(*way.origin.server, bytes));
    scope.spawn(read_into(*way.client.client, bytes.size(), got));
    uint64_t passed = 0, relayed_bytes = 0;
    while (passed < bytes.size()) {
      Result<Chunk> chunk = co_await way.origin.client->recv(way.from().wait);
      REQUIRE(chunk.has_value());
      REQUIRE(!chunk->empty());
      passed += chunk->size();
      iovec piece[1] = {part(chunk->view())};
      const auto relayed = co_await relay(way.from(), way.to(), piece, bytes.size() - passed);
      if (!relayed) {
        REQUIRE((co_await way.client.server->send(piece, way.to().wait)).has_value());
        continue;
      }
      passed += relayed->bytes;
      relayed_bytes += relayed->bytes;
    }
    co_await scope.join();
    CHECK(got == bytes);
    CHECK(relayed_bytes > bytes.size() / 2);
    CHECK(way.origin.client->quiet());
  });
}

TEST_CASE("what came before anybody wanted to receive makes a connection unfit for a request") {
  if (!uring_allowed()) return;
  on_a_way([](Reactor&, Way& way) -> Task<> {
    CHECK(way.origin.client->quiet());
    co_await send_all(*way.origin.server, "unasked");
    CHECK(!way.origin.client->quiet());
    CHECK(co_await way.origin.client->detach() == -1);
    CHECK(co_await read_exactly(*way.origin.client, 7) == "unasked");
    CHECK(way.origin.client->quiet());
  });
}

TEST_CASE("what goes first is not held back while the source says nothing") {
  if (!uring_allowed()) return;
  on_a_way([](Reactor& reactor, Way& way) -> Task<> {
    std::string head = "HEAD";
    std::string got;
    Scope scope(reactor);
    MonoTime got_head{};
    scope.spawn([](Way& on, std::string& text, MonoTime& when) -> Task<> {
      text = (co_await read_exactly(*on.client.client, 4)).value_or("");
      when = on.client.client->reactor().fresh_now();
      co_await send_all(*on.origin.server, "body");
    }(way, got, got_head));
    iovec first = part(head);
    const MonoTime begin = reactor.fresh_now();
    const auto relayed = co_await relay(way.from(), way.to(), std::span(&first, 1), 4);
    co_await scope.join();
    REQUIRE(relayed.has_value());
    CHECK(relayed->bytes == 4);
    CHECK(got == "HEAD");
    // The kernel would keep it for 200 ms.
    CHECK(got_head - begin < milliseconds(150));
  });
}

TEST_CASE("a source that ends early is named as the one that failed") {
  if (!uring_allowed()) return;
  on_a_way([](Reactor&, Way& way) -> Task<> {
    co_await send_all(*way.origin.server, numbered(40'000));
    way.origin.server->shutdown_send();
    const auto relayed = co_await relay(way.from(), way.to(), {}, 50'000);
    REQUIRE(relayed.has_value());
    CHECK(relayed->bytes == 40'000);
    REQUIRE(!relayed->source.has_value());
    CHECK(relayed->source.error().code == ErrorCode::closed);
    CHECK(relayed->target.has_value());
  });
}

TEST_CASE("a target that has gone is named as the one that failed") {
  if (!uring_allowed()) return;
  on_a_way([](Reactor& reactor, Way& way) -> Task<> {
    way.client.client->abort_on_close();
    way.client.client.reset();
    const std::string bytes = numbered(3'000'000);
    Scope scope(reactor);
    scope.spawn([](Stream& stream, std::string_view all) -> Task<> {
      iovec one = part(all);
      (void)co_await stream.send(std::span(&one, 1), {stream.reactor().now() + seconds(2)});
    }(*way.origin.server, bytes));
    const auto relayed = co_await relay(way.from(), way.to(), {}, bytes.size());
    REQUIRE(relayed.has_value());
    CHECK(relayed->source.has_value());
    CHECK(!relayed->target.has_value());
    way.origin.client.reset();
    co_await scope.join();
  });
}

TEST_CASE("a target that takes nothing is waited for as long as patience lasts, in little memory") {
  if (!uring_allowed()) return;
  on_a_way([](Reactor& reactor, Way& way) -> Task<> {
    const std::string bytes = numbered(30'000'000);
    Scope scope(reactor);
    scope.spawn([](Stream& stream, std::string_view all) -> Task<> {
      iovec one = part(all);
      (void)co_await stream.send(std::span(&one, 1), {stream.reactor().now() + seconds(2)});
    }(*way.origin.server, bytes));
    RelayEnd to = way.to();
    to.patience = milliseconds(50);
    const auto relayed = co_await relay(way.from(), to, {}, bytes.size());
    REQUIRE(relayed.has_value());
    REQUIRE(!relayed->target.has_value());
    CHECK(relayed->target.error().code == ErrorCode::timed_out);
    CHECK(relayed->bytes < 20'000'000);
    way.origin.client.reset();
    co_await scope.join();
  });
}

TEST_CASE("where bytes were received, or no pipe is to be had, nothing is relayed") {
  if (!uring_allowed()) return;
  on_a_way(
      [](Reactor& reactor, Way& way) -> Task<> {
        CHECK(!(co_await relay(way.from(), way.to(), {}, 10)).has_value());
        CHECK(reactor.pipes().refused() == 1);
      },
      ReactorKind::io_uring, 0);
  on_a_way([](Reactor& reactor, Way& way) -> Task<> {
    // The stream of the client's side reads as it comes.
    co_await send_all(*way.client.client, "early");
    CHECK(co_await read_exactly(*way.client.server, 5) == "early");
    const RelayEnd back{*way.client.server, {reactor.now() + seconds(1)}, seconds(1)};
    const RelayEnd forth{*way.origin.client, {reactor.now() + seconds(1)}, seconds(1)};
    CHECK(!(co_await relay(back, forth, {}, 10)).has_value());
  });
  on_a_way(
      [](Reactor&, Way& way) -> Task<> {
        CHECK(!(co_await relay(way.from(), way.to(), {}, 10)).has_value());
      },
      ReactorKind::epoll);
}

TEST_CASE(
    "bytes that nobody has read yet make a stream that expects bulk unfit for a new request") {
  if (!uring_allowed()) return;
  on_a_way([](Reactor& reactor, Way& way) -> Task<> {
    co_await send_all(*way.origin.server, numbered(20'000));
    Result<Chunk> first = co_await way.origin.client->recv({reactor.now() + seconds(2)});
    REQUIRE(first.has_value());
    CHECK(first->size() <= 20'000);
    Result<std::string> rest = co_await read_exactly(*way.origin.client, 20'000 - first->size());
    CHECK(rest.has_value());
    CHECK(way.origin.client->quiet());
    co_await send_all(*way.origin.server, "unasked");
    way.origin.client->keep_watch();
    for (int turns = 0; turns < 200 && way.origin.client->quiet(); ++turns) {
      // A receive that waits for another stream's bytes lets turns pass.
      (void)co_await way.client.server->recv({reactor.now() + milliseconds(5)});
    }
    CHECK(!way.origin.client->quiet());
  });
}

}  // namespace weir::runtime
