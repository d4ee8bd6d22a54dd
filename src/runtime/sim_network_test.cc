// Each fault of the simulated network by itself, over one connection.
#include "runtime/sim_network.h"

#include <string>

#include <doctest/doctest.h>

#include "runtime/scope.h"
#include "runtime/sim_reactor.h"

namespace weir::runtime {
namespace {

const Address service = *Address::parse("10.0.0.1:80");

// A connection in a world where one thing goes wrong.
struct Bench {
  explicit Bench(const SimFaults& faults, uint64_t seed = 7) : world(seed, faults) {}

  SimWorld world;
  SimReactor reactor{world, *Address::parse("10.0.0.2:0")};
  StreamPtr client;
  StreamPtr server;

  // Runs a coroutine to its end, at most an hour of virtual time.
  void run(Task<> (*body)(Bench&)) {
    Scope scope(reactor);
    scope.spawn(connected(*this, body));
    CHECK(world.run_while([&] { return scope.running() > 0; }, world.now() + hours(1)));
  }
  static Task<> connected(Bench& bench, Task<> (*body)(Bench&)) {
    const int fd = *bench.world.network().open_listener(service);
    std::unique_ptr<Listener> listener = *bench.reactor.listen(fd);
    bench.client = *co_await bench.reactor.connect(service, bench.soon());
    bench.server = bench.reactor.adopt(*co_await listener->accept(bench.soon()));
    co_await body(bench);
    bench.client.reset();
    bench.server.reset();
  }
  Wait soon() { return {reactor.now() + seconds(10)}; }
  Task<Result<>> send(Stream& stream, std::string_view bytes) {
    iovec parts[1] = {part(bytes)};
    co_return co_await stream.send(parts, soon());
  }
};

// Receives until the end or an error, which it answers; what came before is in `got`.
Task<Result<>> drain(Bench& bench, Stream& stream, std::string& got) {
  for (;;) {
    Result<Chunk> chunk = co_await stream.recv(bench.soon());
    if (!chunk) co_return std::unexpected(chunk.error());
    if (chunk->empty()) co_return Result<>{};
    got += chunk->view();
  }
}

bool fails_with(ErrorCode code, const Result<>& result) {
  return !result && result.error().code == code;
}

SimFaults only(void (*set)(SimFaults&)) {
  SimFaults faults;
  set(faults);
  return faults;
}

}  // namespace

TEST_CASE("a sender is held back by what the receiver does not take") {
  Bench bench(only([](SimFaults& f) { f.link.window_min = f.link.window_max = 10'000; }));
  bench.run([](Bench& b) -> Task<> {
    const std::string much(1'000'000, 'm');
    Result<> sent = co_await b.send(*b.client, much);
    CHECK(fails_with(ErrorCode::timed_out, sent));
    CHECK(b.world.network().held_bytes() <= 10'000);
    CHECK(b.server->bytes_received() <= Stream::queued_chunks_max * 16384);
    CHECK(b.server->bytes_received() + b.world.network().held_bytes() < 200'000);
  });
}

TEST_CASE("a link that resets does so at its byte, and both ends hear of it") {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    Bench bench(only([](SimFaults& f) {
                  f.link.reset_chance = 1;
                  f.link.break_spread = 1000;
                }),
                seed);
    bench.run([](Bench& b) -> Task<> {
      (void)co_await b.send(*b.client, std::string(1000, 'x'));
      std::string got, nothing;
      CHECK(fails_with(ErrorCode::reset, co_await drain(b, *b.server, got)));
      CHECK(got.size() < 1000);
      CHECK(fails_with(ErrorCode::reset, co_await drain(b, *b.client, nothing)));
    });
  }
}

TEST_CASE("a silent link says nothing more, so only a deadline ends the wait") {
  Bench bench(only([](SimFaults& f) {
    f.link.silence_chance = 1;
    f.link.break_spread = 10;
  }));
  bench.run([](Bench& b) -> Task<> {
    CHECK((co_await b.send(*b.client, std::string(100, 'x'))).has_value());
    b.client->shutdown_send();
    std::string got;
    CHECK(fails_with(ErrorCode::timed_out, co_await drain(b, *b.server, got)));
    CHECK(got.size() < 10);
  });
}

TEST_CASE("torn segments arrive a few bytes at a time") {
  Bench bench(only([](SimFaults& f) { f.link.tear_chance = 1; }));
  bench.run([](Bench& b) -> Task<> {
    CHECK((co_await b.send(*b.client, std::string(200, 'x'))).has_value());
    int chunks = 0;
    for (size_t got = 0; got < 200; ++chunks)
      got += (*co_await b.server->recv(b.soon())).size();
    CHECK(chunks >= 3);
  });
}

TEST_CASE("bandwidth bounds how fast bytes come") {
  Bench bench(only([](SimFaults& f) { f.link.bytes_per_second = 100'000; }));
  bench.run([](Bench& b) -> Task<> {
    const MonoTime begin = b.reactor.now();
    CHECK((co_await b.send(*b.client, std::string(50'000, 'x'))).has_value());
    b.client->shutdown_send();
    std::string got;
    CHECK((co_await drain(b, *b.server, got)).has_value());
    CHECK(got.size() == 50'000);
    CHECK(b.reactor.now() - begin >= milliseconds(490));
    CHECK(b.reactor.now() - begin < milliseconds(700));
  });
}

TEST_CASE("closing with bytes that nobody received resets, as TCP does") {
  Bench bench(only([](SimFaults& f) { f.link.window_min = f.link.window_max = 1 << 20; }));
  bench.run([](Bench& b) -> Task<> {
    // More than the stream receives ahead of its owner.
    CHECK((co_await b.send(*b.client, std::string(500'000, 'x'))).has_value());
    (void)co_await sleep(b.reactor, {b.reactor.now() + milliseconds(10)});
    b.server.reset();
    std::string got;
    CHECK(fails_with(ErrorCode::reset, co_await drain(b, *b.client, got)));
  });
}

TEST_CASE("sending to a peer that has closed ends in a reset") {
  Bench bench({});
  bench.run([](Bench& b) -> Task<> {
    b.server.reset();
    std::string got;
    CHECK((co_await drain(b, *b.client, got)).has_value());
    CHECK((co_await b.send(*b.client, "still there?")).has_value());
    (void)co_await sleep(b.reactor, {b.reactor.now() + milliseconds(10)});
    CHECK(fails_with(ErrorCode::reset, co_await b.send(*b.client, "no?")));
  });
}

TEST_CASE("a late end of stream comes behind all bytes") {
  Bench bench(only([](SimFaults& f) { f.link.late_fin_chance = 1; }));
  bench.run([](Bench& b) -> Task<> {
    CHECK((co_await b.send(*b.client, "bytes")).has_value());
    b.client->shutdown_send();
    std::string got;
    CHECK((co_await drain(b, *b.server, got)).has_value());
    CHECK(got == "bytes");
  });
}

TEST_CASE("a lost connect is tried again, and meanwhile its deadline holds") {
  SimWorld world(3, only([](SimFaults& f) { f.link.lost_connect_chance = 1; }));
  SimReactor reactor(world, *Address::parse("10.0.0.2:0"));
  REQUIRE(world.network().open_listener(service).has_value());
  struct Try {
    static Task<> connect(Reactor& r) {
      Result<StreamPtr> stream = co_await r.connect(service, {r.now() + seconds(5)});
      CHECK(stream.error().code == ErrorCode::timed_out);
    }
  };
  Scope scope(reactor);
  scope.spawn(Try::connect(reactor));
  world.run_until(world.now() + seconds(10));
  CHECK(scope.running() == 0);
  CHECK(world.network().sockets() == 0);
}

TEST_CASE("an accept that finds no descriptor says so, and the connection waits on") {
  SimWorld world(3, only([](SimFaults& f) { f.shard.accept_failure_chance = 0.5; }));
  SimReactor reactor(world, *Address::parse("10.0.0.2:0"));
  const int fd = *world.network().open_listener(service);
  struct Try {
    static Task<> accept(Reactor& r, int listen_fd, int& failures) {
      std::unique_ptr<Listener> listener = *r.listen(listen_fd);
      for (int accepted = 0; accepted < 20;) {
        StreamPtr client = *co_await r.connect(service, {r.now() + seconds(1)});
        Result<int> id = fail(ErrorCode::io, "not tried");
        while (!(id = co_await listener->accept({r.now() + seconds(1)}))) {
          CHECK(id.error().code == ErrorCode::overloaded);
          ++failures;
        }
        const StreamPtr server = r.adopt(*id);
        ++accepted;
      }
    }
  };
  int failures = 0;
  Scope scope(reactor);
  scope.spawn(Try::accept(reactor, fd, failures));
  world.run_until(world.now() + seconds(10));
  CHECK(scope.running() == 0);
  CHECK(failures > 3);
}

TEST_CASE("the wall clock jumps, the monotonic one does not") {
  SimWorld world(3, only([](SimFaults& f) { f.shard.wall_jump_chance = 1; }));
  SimReactor reactor(world, *Address::parse("10.0.0.2:0"));
  struct Watch {
    static Task<> clocks(Reactor& r, int& jumps) {
      for (int i = 0; i < 20; ++i) {
        const MonoTime mono = r.now();
        const WallTime wall = r.wall_now();
        (void)co_await sleep(r, {mono + milliseconds(10)});
        CHECK(r.now() - mono < milliseconds(20));
        if (r.wall_now() - wall != r.now() - mono) ++jumps;
      }
    }
  };
  int jumps = 0;
  Scope scope(reactor);
  scope.spawn(Watch::clocks(reactor, jumps));
  world.run_until(world.now() + seconds(10));
  CHECK(scope.running() == 0);
  CHECK(jumps > 10);
}

TEST_CASE("a stalled shard stands still while the others go on") {
  SimWorld world(3);
  SimReactor stuck(world, service), free_running(world, service);
  struct Nap {
    static Task<> nap(Reactor& r, MonoTime& woke) {
      (void)co_await sleep(r, {r.now() + milliseconds(10)});
      woke = r.now();
    }
  };
  const MonoTime begin = world.now();
  MonoTime stuck_woke{}, free_woke{};
  Scope one(stuck), two(free_running);
  one.spawn(Nap::nap(stuck, stuck_woke));
  two.spawn(Nap::nap(free_running, free_woke));
  world.stall(stuck, begin + seconds(2));
  world.run_until(begin + seconds(5));
  CHECK(stuck_woke >= begin + seconds(2));
  CHECK(free_woke < begin + milliseconds(20));
}

}  // namespace weir::runtime
