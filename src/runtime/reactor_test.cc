// One contract for the back ends: every case runs on io_uring (where it is allowed), on epoll, and
// in simulated worlds of several seeds.
#include "runtime/reactor.h"

#include <algorithm>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "runtime/file_memory.h"
#include "runtime/reactor_test_kit.h"
#include "runtime/scope.h"
#include "runtime/stream_test_kit.h"
#include "runtime/waiter.h"

namespace weir::runtime {
namespace {

Task<> send_parts(Stream& stream, std::span<iovec> parts) {
  CHECK((co_await stream.send(parts, {stream.reactor().now() + seconds(3)})).has_value());
}

using Body = Task<> (*)(Reactor&, Pair&);

Task<> with_pair(const BackEnd& back_end, Body body) {
  Reactor& reactor = *back_end.reactor;
  const int fd = back_end.open_listener();
  std::unique_ptr<Listener> listener = *reactor.listen(fd);
  Result<Pair> pair = co_await make_pair(reactor, *listener, back_end.address_of(fd));
  REQUIRE(pair.has_value());
  co_await body(reactor, *pair);
  listener.reset();
  back_end.close_listener(fd);
}

void on_every_reactor(Body body) {
  for (const BackEnd& back_end : back_ends()) {
    CAPTURE(back_end.name);
    run(*back_end.reactor, with_pair(back_end, body));
  }
}

}  // namespace

TEST_CASE("bytes arrive in order and whole, in both directions at once") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    std::string up(3'000'000, 'u'), down(2'000'000, 'd');
    for (size_t i = 0; i < up.size(); i += 997)
      up[i] = static_cast<char>('0' + i % 10);
    Scope scope(reactor);
    scope.spawn(send_all(*pair.client, up));
    scope.spawn(send_all(*pair.server, down));
    Result<std::string> got_up = co_await read_exactly(*pair.server, up.size());
    Result<std::string> got_down = co_await read_exactly(*pair.client, down.size());
    co_await scope.join();
    CHECK(got_up == up);
    CHECK(got_down == down);
  });
}

// Pieces of file memory with bytes before, between and behind them, as chunks of a body are framed.
TEST_CASE("what lies in file memory arrives like everything else, whoever takes it slowly") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    const auto memory = FileMemory::make(8 * FileMemory::piece_bytes);
    REQUIRE(memory);
    send_from(reactor, memory.get());
    std::string expected = "head";
    std::vector<iovec> parts{part("head")};
    std::vector<char*> pieces;
    for (unsigned number = 0; number < 5; ++number) {
      pieces.push_back(memory->take());
      if (number != 2) memory->lend(pieces.back());
      const size_t bytes = FileMemory::piece_bytes - number * 10'000;
      for (size_t i = 0; i < bytes; ++i)
        pieces.back()[i] = static_cast<char>('a' + (number + i) % 23);
      expected.append(pieces.back(), bytes).append("\r\n");
      parts.push_back(part({pieces.back(), bytes}));
      parts.push_back(part("\r\n"));
    }
    parts.push_back(part(""));
    const size_t bytes = expected.size();
    Scope scope(reactor);
    scope.spawn(send_parts(*pair.server, parts));
    (void)co_await sleep(reactor, {reactor.now() + milliseconds(20)});
    const Result<std::string> got = co_await read_exactly(*pair.client, bytes);
    REQUIRE(got.has_value());
    CHECK(*got == expected);
    co_await scope.join();
    CHECK(pair.server->bytes_sent() == bytes);
    send_from(reactor, nullptr);
    for (char* piece : pieces)
      memory->give_back(piece);
  });
}

TEST_CASE("a send from file memory that the peer does not take ends at its deadline") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    const auto memory = FileMemory::make(64 * FileMemory::piece_bytes);
    REQUIRE(memory);
    send_from(reactor, memory.get());
    std::vector<iovec> parts;
    while (char* piece = memory->take()) {
      memory->lend(piece);
      parts.push_back(part({piece, FileMemory::piece_bytes}));
    }
    const std::vector<iovec> pieces = parts;
    const Result<> sent = co_await pair.server->send(parts, {reactor.now() + milliseconds(50)});
    REQUIRE(!sent);
    CHECK(sent.error().code == ErrorCode::timed_out);
    send_from(reactor, nullptr);
    for (const iovec& piece : pieces)
      memory->give_back(static_cast<char*>(piece.iov_base));
  });
}

TEST_CASE("expecting bulk, at any time, changes nothing of what arrives") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    std::string bytes(1'500'000, 'b');
    for (size_t i = 0; i < bytes.size(); i += 991)
      bytes[i] = static_cast<char>('0' + i % 10);
    pair.client->expect_bulk();
    Scope scope(reactor);
    scope.spawn(send_all(*pair.client, bytes));
    scope.spawn(send_all(*pair.server, bytes));
    Result<std::string> got = co_await read_exactly(*pair.server, 100'000);
    REQUIRE(got.has_value());
    pair.server->expect_bulk();
    // While its peer waits, so that reading stops and is armed again with the other buffers.
    Result<std::string> got_bulk = co_await read_exactly(*pair.client, bytes.size());
    Result<std::string> rest = co_await read_exactly(*pair.server, bytes.size() - got->size());
    co_await scope.join();
    CHECK(got_bulk == bytes);
    REQUIRE(rest.has_value());
    CHECK(*got + *rest == bytes);
  });
}

TEST_CASE("the end of the peer's side is an empty chunk behind all bytes") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    co_await send_all(*pair.client, "last words");
    pair.client->shutdown_send();
    Result<std::string> got = co_await read_exactly(*pair.server, 10);
    CHECK(got == "last words");
    Result<Chunk> end = co_await pair.server->recv({reactor.now() + seconds(1)});
    REQUIRE(end.has_value());
    CHECK(end->empty());
    CHECK(!pair.server->quiet());
    co_await send_all(*pair.server, "still heard");
    CHECK(co_await read_exactly(*pair.client, 11) == "still heard");
  });
}

TEST_CASE("a receive that times out loses nothing") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    Result<Chunk> nothing = co_await pair.server->recv({reactor.now() + milliseconds(5)});
    REQUIRE(!nothing.has_value());
    CHECK(nothing.error().code == ErrorCode::timed_out);
    co_await send_all(*pair.client, "hello");
    CHECK(co_await read_exactly(*pair.server, 5) == "hello");
  });
}

TEST_CASE("a cancelled receive answers at once") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    struct Reader {
      static Task<> read(Stream& stream, Cancel& cancel, ErrorCode& out) {
        Result<Chunk> chunk = co_await stream.recv({never, &cancel});
        out = chunk ? ErrorCode::io : chunk.error().code;
      }
    };
    Scope scope(reactor);
    ErrorCode code{};
    scope.spawn(Reader::read(*pair.server, scope.cancel(), code));
    scope.cancel().request();
    co_await scope.join();
    CHECK(code == ErrorCode::cancelled);
    Result<Chunk> again = co_await pair.server->recv({never, &scope.cancel()});
    CHECK(again.error().code == ErrorCode::cancelled);
  });
}

TEST_CASE("a send that the peer does not take ends at its deadline") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    const std::string much(64 << 20, 'x');
    iovec parts[1] = {part(much)};
    Result<> sent = co_await pair.server->send(parts, {reactor.now() + milliseconds(30)});
    REQUIRE(!sent.has_value());
    CHECK(sent.error().code == ErrorCode::timed_out);
  });
}

TEST_CASE("reading stops while nobody takes the bytes") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    Result<Chunk> first = co_await pair.server->recv({reactor.now() + milliseconds(1)});
    CHECK(!first.has_value());
    const std::string much(64 << 20, 'x');
    iovec parts[1] = {part(much)};
    Result<> sent = co_await pair.client->send(parts, {reactor.now() + milliseconds(50)});
    CHECK(!sent.has_value());
    CHECK(pair.server->bytes_received() <= Stream::queued_chunks_max * 4096);
  });
}

TEST_CASE("what waits for a slow reader is counted, and is never more than a few buffers") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    // Room for the few that may be under way when reading stops.
    constexpr size_t few = 8 * 16384;
    const std::string much(1 << 20, 'x');
    Scope scope(reactor);
    scope.spawn(send_all(*pair.client, much));
    size_t got = 0, most = 0;
    while (got < much.size()) {
      (void)co_await sleep(reactor, {reactor.now() + milliseconds(1)});
      most = std::max(most, reactor.received().waiting());
      Result<Chunk> chunk = co_await pair.server->recv({reactor.now() + seconds(1)});
      REQUIRE(chunk.has_value());
      REQUIRE(!chunk->empty());
      got += chunk->size();
    }
    co_await scope.join();
    CHECK(got == much.size());
    CHECK(most > 0);
    CHECK(most <= few);
    CHECK(reactor.received().pauses() > 0);
    CHECK(reactor.received().cut_off() == 0);
    CHECK(reactor.received().waiting() == 0);
  });
}

TEST_CASE("a stream that goes takes what it held off the account") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    pair.server->keep_watch();
    co_await send_all(*pair.client, "nobody will read this");
    for (int i = 0; i < 100 && reactor.received().waiting() < 21; ++i)
      (void)co_await sleep(reactor, {reactor.now() + milliseconds(1)});
    CHECK(reactor.received().waiting() == 21);
    pair.server.reset();
    for (int i = 0; i < 100 && reactor.received().waiting() > 0; ++i)
      (void)co_await sleep(reactor, {reactor.now() + milliseconds(1)});
    CHECK(reactor.received().waiting() == 0);
  });
}

TEST_CASE("who brings more than a full shard can hold is cut off") {
  for (const BackEnd& back_end : kernel_back_ends(1024)) {
    CAPTURE(back_end.name);
    run(*back_end.reactor, with_pair(back_end, [](Reactor& reactor, Pair& pair) -> Task<> {
      pair.server->keep_watch();
      const std::string much(4096, 'x');
      iovec parts[1] = {part(much)};
      (void)co_await pair.client->send(parts, {reactor.now() + seconds(1)});
      for (int i = 0; i < 1000 && !pair.server->has_input(); ++i)
        (void)co_await sleep(reactor, {reactor.now() + milliseconds(1)});
      CHECK(reactor.received().waiting() == 0);
      CHECK(reactor.received().cut_off() == 1);
      Result<Chunk> chunk = co_await pair.server->recv({reactor.now() + seconds(1)});
      REQUIRE(!chunk.has_value());
      CHECK(chunk.error().code == ErrorCode::overloaded);
    }));
  }
}

TEST_CASE("a reset connection is told apart from an ended one") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    pair.client->abort_on_close();
    pair.client.reset();
    Result<Chunk> chunk = co_await pair.server->recv({reactor.now() + seconds(1)});
    REQUIRE(!chunk.has_value());
    CHECK(chunk.error().code == ErrorCode::reset);
  });
}

TEST_CASE("a detached connection lives on in another reactor object") {
  on_every_reactor([](Reactor& reactor, Pair& pair) -> Task<> {
    Result<Chunk> none = co_await pair.server->recv({reactor.now() + milliseconds(1)});
    CHECK(!none.has_value());
    const int fd = co_await pair.server->detach();
    REQUIRE(fd >= 0);
    pair.server.reset();
    StreamPtr moved = reactor.adopt(fd);
    co_await send_all(*pair.client, "are you there");
    CHECK(co_await read_exactly(*moved, 13) == "are you there");
    co_await send_all(*moved, "yes");
    CHECK(co_await read_exactly(*pair.client, 3) == "yes");
  });
}

namespace {

Task<> count_when_ready(Reactor& reactor, int event, int& count) {
  CHECK((co_await reactor.poll(event, POLLIN, {reactor.now() + seconds(3)})).has_value());
  ++count;
}

}  // namespace

TEST_CASE("of many that can go on at once, a bounded number does so in each turn") {
  constexpr int many = 600, turns_at_least = 3;
  for (const BackEnd& back_end : kernel_back_ends()) {
    CAPTURE(back_end.name);
    Reactor& reactor = *back_end.reactor;
    int went_on = 0, turns = 0;
    std::vector<int> events;
    Scope scope(reactor);
    for (int i = 0; i < many; ++i) {
      events.push_back(eventfd(1, EFD_CLOEXEC));
      scope.spawn(count_when_ready(reactor, events.back(), went_on));
    }
    for (; scope.running() > 0; ++turns)
      reactor.turn(after(reactor.now(), seconds(3)));
    CHECK(went_on == many);
    CHECK(turns >= turns_at_least);
    for (const int event : events)
      ::close(event);
  }
}

TEST_CASE("connecting to a closed port is refused") {
  for (const BackEnd& back_end : back_ends()) {
    CAPTURE(back_end.name);
    struct Probe {
      static Task<> connect(const BackEnd& where) {
        const int fd = where.open_listener();
        const Address gone = where.address_of(fd);
        where.close_listener(fd);
        Reactor& r = *where.reactor;
        Result<StreamPtr> stream = co_await r.connect(gone, {r.now() + seconds(1)});
        REQUIRE(!stream.has_value());
        CHECK(stream.error().code == ErrorCode::refused);
      }
    };
    run(*back_end.reactor, Probe::connect(back_end));
  }
}

TEST_CASE("polling waits for the event") {
  for (const BackEnd& back_end : kernel_back_ends()) {
    CAPTURE(back_end.name);
    struct Probe {
      static Task<> poll(Reactor& r) {
        int pipe_fds[2];
        REQUIRE(::pipe(pipe_fds) == 0);
        Result<short> late = co_await r.poll(pipe_fds[0], POLLIN, {r.now() + milliseconds(5)});
        CHECK(late.error().code == ErrorCode::timed_out);
        CHECK(::write(pipe_fds[1], "x", 1) == 1);
        Result<short> ready = co_await r.poll(pipe_fds[0], POLLIN, {r.now() + seconds(1)});
        CHECK((ready.value_or(0) & POLLIN) != 0);
        ::close(pipe_fds[0]);
        ::close(pipe_fds[1]);
      }
    };
    run(*back_end.reactor, Probe::poll(*back_end.reactor));
  }
}

TEST_CASE("sleeping takes its time") {
  for (const BackEnd& back_end : back_ends()) {
    CAPTURE(back_end.name);
    struct Sleeper {
      static Task<> sleep_some(Reactor& r) {
        const MonoTime begin = r.now();
        CHECK((co_await sleep(r, {r.now() + milliseconds(20)})).has_value());
        CHECK(r.now() >= begin + milliseconds(20));
        CHECK(r.now() < begin + milliseconds(200));
      }
    };
    run(*back_end.reactor, Sleeper::sleep_some(*back_end.reactor));
  }
}

}  // namespace weir::runtime
