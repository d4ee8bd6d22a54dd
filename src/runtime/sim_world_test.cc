// Whole processes in simulated worlds: an echo service of two shards and clients that judge it,
// with a mixture of faults from each seed.
#include "runtime/sim_world.h"

#include <array>
#include <string>

#include <doctest/doctest.h>

#include "runtime/sim_process.h"

namespace weir::runtime {
namespace {

const Address service = *Address::parse("10.0.0.1:80");
const Address client_host = *Address::parse("10.0.0.2:0");

// Sends back what it receives, until the end.
Task<> echo(StreamPtr stream, Cancel& cancel) {
  Reactor& reactor = stream->reactor();
  for (;;) {
    Result<Chunk> chunk = co_await stream->recv({reactor.now() + seconds(20), &cancel});
    if (!chunk || chunk->empty()) co_return;
    iovec parts[1] = {part(chunk->view())};
    if (!co_await stream->send(parts, {reactor.now() + seconds(20), &cancel})) co_return;
  }
}

void serve(Shard& shard, int fd) {
  shard.background().spawn(echo(shard.reactor().adopt(fd), shard.closing()));
}

// The parts of the echo service know each other.
struct EchoService {
  int listener;
  std::array<Shard*, 2> shards{};
};

// Accepts, and gives every other connection to the other shard by mail.
Task<> echo_server(Shard& shard, EchoService& service_parts) {
  service_parts.shards[shard.index()] = &shard;
  std::unique_ptr<Listener> listening = *shard.reactor().listen(service_parts.listener);
  while (!shard.draining().requested()) {
    Result<int> fd = co_await listening->accept({never, &shard.draining()});
    if (!fd) continue;
    Shard* other = service_parts.shards[1 - shard.index()];
    if (*fd % 4 < 2 || !shard.post(other->index(), [other, id = *fd] { serve(*other, id); }))
      serve(shard, *fd);
  }
}

struct Tally {
  int whole = 0;
  int torn = 0;
  int unconnected = 0;
  bool wrong = false;
};

Task<> send_text(Stream& stream, const std::string& text, Cancel& cancel) {
  iovec parts[2] = {part(std::string_view(text).substr(0, 7)),
                    part(std::string_view(text).substr(7))};
  (void)co_await stream.send(parts, {stream.reactor().now() + seconds(30), &cancel});
  stream.shutdown_send();
}

// What comes back must be what was sent, or a prefix of it with an error, never anything else.
Task<> judge(Stream& stream, const std::string& text, Tally& tally) {
  std::string got;
  for (;;) {
    Result<Chunk> chunk = co_await stream.recv({stream.reactor().now() + seconds(30)});
    if (chunk && !chunk->empty()) {
      got += chunk->view();
      continue;
    }
    if (!text.starts_with(got)) tally.wrong = true;
    const bool whole = chunk && got.size() == text.size();
    whole ? ++tally.whole : ++tally.torn;
    co_return;
  }
}

Task<> echo_client(Reactor& reactor, Tally& tally) {
  std::string text(1 + reactor.random().below(50'000), 'x');
  for (size_t i = 0; i < text.size(); ++i)
    text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  Result<StreamPtr> stream = co_await reactor.connect(service, {reactor.now() + seconds(10)});
  if (!stream) {
    ++tally.unconnected;
    co_return;
  }
  Scope scope(reactor);
  scope.spawn(send_text(**stream, text, scope.cancel()));
  co_await judge(**stream, text, tally);
  scope.cancel().request();
  co_await scope.join();
}

constexpr int clients_per_world = 12;

Task<> echo_clients(Shard& shard, Tally& tally) {
  for (int i = 0; i < clients_per_world; ++i) {
    (void)co_await sleep(shard.reactor(),
                         {shard.now() + microseconds(shard.reactor().random().below(50'000))});
    shard.background().spawn(echo_client(shard.reactor(), tally));
  }
}

struct Outcome {
  Tally tally;
  uint64_t hash = 0;
  uint64_t turns = 0;
};

Outcome run_world(uint64_t seed, const SimFaults& faults) {
  Outcome outcome;
  SimWorld world(seed, faults);
  EchoService parts{*world.network().open_listener(service)};
  {
    SimProcess server(world, service, 2, [&](Shard& shard) { return echo_server(shard, parts); });
    SimProcess clients(world, client_host, 1,
                       [&](Shard& shard) { return echo_clients(shard, outcome.tally); });
    CHECK(clients.join(seconds(300)));
  }
  CHECK(world.network().sockets() == 0);
  CHECK(world.network().held_bytes() == 0);
  outcome.hash = world.trace_hash();
  outcome.turns = world.turns();
  return outcome;
}

}  // namespace

TEST_CASE("a seed is always the same run, and another seed another") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Random random(seed);
    const SimFaults faults = SimFaults::draw(random);
    const Outcome first = run_world(seed, faults), again = run_world(seed, faults);
    CHECK(first.hash == again.hash);
    CHECK(first.turns == again.turns);
    CHECK(first.hash != run_world(seed + 100, faults).hash);
  }
}

TEST_CASE("without faults everything arrives whole") {
  for (uint64_t seed = 1; seed <= 20; ++seed)
    CHECK(run_world(seed, {}).tally.whole == clients_per_world);
}

TEST_CASE("whatever goes wrong, what is received is a prefix of what was sent") {
  Tally sum;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Tally tally = run_world(seed, SimFaults::draw(random)).tally;
    CHECK(!tally.wrong);
    CHECK(tally.whole + tally.torn + tally.unconnected == clients_per_world);
    sum.whole += tally.whole;
    sum.torn += tally.torn;
    sum.unconnected += tally.unconnected;
  }
  // The mixtures must do harm, and not only that.
  CHECK(sum.whole > 1000);
  CHECK(sum.torn > 100);
  CHECK(sum.unconnected > 20);
}

}  // namespace weir::runtime
