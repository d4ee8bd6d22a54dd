// Clients' connections move to the shard on whose core their packets arrive, in the middle of their
// lives; nothing of what they are asked may get lost on the way.
#include <array>
#include <string>

#include <doctest/doctest.h>

#include "net/server_metrics.h"
#include "sim/simulated_edge.h"

namespace weir::sim {
namespace {

using runtime::Shard;
using runtime::SimProcess;
using runtime::SimWorld;
using runtime::StreamPtr;
using runtime::Task;

const Address edge_address = *Address::parse("10.0.0.1:80");
const Address client_host = *Address::parse("10.0.0.2:0");

constexpr std::string_view request = "GET /health/live HTTP/1.1\r\nHost: site.test\r\n\r\n";
constexpr std::string_view end_of_answer = "\r\n\r\nlive\n";
constexpr size_t clients_count = 40;
constexpr size_t rounds = 80;

struct Seen {
  size_t answered = 0;
  size_t wrong = 0;
  size_t ended = 0;
};

// Sends `bytes` at once or, with a pause at some place, in two pieces.
Task<> send_somehow(Shard& shard, runtime::Stream& stream, std::string_view bytes) {
  Random& random = shard.reactor().random();
  const size_t first = random.below(2) == 0 ? bytes.size() : 1 + random.below(bytes.size());
  for (const std::string_view piece : {bytes.substr(0, first), bytes.substr(first)}) {
    if (piece.empty()) continue;
    std::array<iovec, 1> parts = {runtime::part(piece)};
    (void)co_await stream.send(parts, {after(shard.now(), seconds(5))});
    if (random.below(2) == 0)
      (void)co_await runtime::sleep(shard.reactor(), {after(shard.now(), microseconds(200))});
  }
}

// One answer to each of `count` requests, and nothing else.
Task<bool> read_answers(Shard& shard, runtime::Stream& stream, size_t count) {
  std::string text;
  while (count > 0) {
    const size_t end = text.find(end_of_answer);
    if (end != text.npos) {
      if (!text.starts_with("HTTP/1.1 200 OK\r\n")) co_return false;
      text.erase(0, end + end_of_answer.size());
      --count;
      continue;
    }
    Result<runtime::Chunk> chunk = co_await stream.recv({after(shard.now(), seconds(5))});
    if (!chunk || chunk->empty()) co_return false;
    text.append(chunk->view());
  }
  const bool nothing_else = text.empty();
  co_return nothing_else;
}

Task<> client(Shard& shard, Seen& seen) {
  Result<StreamPtr> stream =
      co_await shard.reactor().connect(edge_address, {after(shard.now(), seconds(5))});
  bool right = stream.has_value();
  for (size_t round = 0; right && round < rounds; ++round) {
    const size_t count = 1 + shard.reactor().random().below(3);
    std::string bytes;
    for (size_t i = 0; i < count; ++i)
      bytes += request;
    co_await send_somehow(shard, **stream, bytes);
    right = co_await read_answers(shard, **stream, count);
    if (right) ++seen.answered;
  }
  if (!right) ++seen.wrong;
  ++seen.ended;
}

Task<> start_clients(Shard& shard, Seen& seen) {
  for (size_t i = 0; i < clients_count; ++i)
    shard.background().spawn(client(shard, seen));
  co_return;
}

// How many connections moved.
uint64_t check_seed(uint64_t seed, size_t shards) {
  SimWorld world(seed, runtime::SimFaults{});
  SimulatedEdge edge(
      world, {.address = edge_address, .origin_urls = {"http://10.0.1.1:8000"}, .shards = shards});
  Seen seen;
  SimProcess asking(world, client_host, 1,
                    [&seen](Shard& shard) { return start_clients(shard, seen); });
  CHECK(asking.join(minutes(10)));
  CHECK(seen.answered == clients_count * rounds);
  CHECK(seen.wrong == 0);
  CHECK(seen.ended == clients_count);
  CHECK(edge.registry().total(net::connections_accepted) == clients_count);
  world.run_until(world.now() + seconds(5));
  for (size_t i = 0; i < shards; ++i)
    CHECK(edge.process().shards().at(i).load().load() == 0);
  edge.drain(minutes(1));
  edge.process().close();
  CHECK(edge.process().join(minutes(1)));
  return edge.registry().total(net::connections_moved);
}

}  // namespace

TEST_CASE("a connection that moves to another shard loses no request and no answer") {
  uint64_t moved = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    moved += check_seed(seed, 2 + seed % 3);
  }
  CHECK(moved > 20);
}

}  // namespace weir::sim
