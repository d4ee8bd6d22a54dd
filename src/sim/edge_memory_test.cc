// What the edge holds of bytes that it passes on, when whoever should take them does not: measured
// as what its sockets have received less what they have sent.
#include <algorithm>
#include <array>
#include <string>

#include <doctest/doctest.h>

#include "runtime/waiter.h"
#include "sim/content.h"
#include "sim/request_bytes.h"
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
const Address origin_address = *Address::parse("10.0.1.1:8000");

constexpr size_t connections = 40;
constexpr size_t body_bytes = 4'000'000;
// For one connection and the origin's behind it: chunks received ahead and what waits to be sent.
constexpr uint64_t held_bytes_max = 128 * 1024;

std::string download_head() {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body_bytes) + "\r\n\r\n";
}

// Sends all it can, and reads nothing; ends with its shard.
Task<> only_send(StreamPtr stream, std::string bytes, runtime::Cancel& cancel) {
  std::array<iovec, 1> parts = {runtime::part(bytes)};
  (void)co_await stream->send(parts, {never, &cancel});
  (void)co_await sleep(stream->reactor(), {never, &cancel});
}

// Answers whatever comes with a large download, or with silence.
Task<> origin(Shard& shard, int listen_id, bool answers) {
  const std::unique_ptr<runtime::Listener> listener = *shard.reactor().listen(listen_id);
  while (!shard.draining().requested()) {
    Result<int> accepted = co_await listener->accept({never, &shard.draining()});
    if (!accepted) continue;
    std::string bytes = answers ? download_head() + std::string(body_bytes, 'd') : std::string();
    shard.background().spawn(
        only_send(shard.reactor().adopt(*accepted), std::move(bytes), shard.closing()));
  }
}

Task<> clients(Shard& shard, bool upload) {
  for (size_t i = 0; i < connections; ++i) {
    Result<StreamPtr> stream =
        co_await shard.reactor().connect(edge_address, {shard.now() + seconds(5)});
    if (!stream) continue;
    SimRequest request{.method = upload ? "POST" : "GET", .target = "/x", .secret = "s"};
    if (upload) request.body_bytes = body_bytes;
    shard.background().spawn(only_send(*std::move(stream),
                                       request_head(request, "site.test") + request_body(request),
                                       shard.closing()));
  }
}

// What the edge holds at most, and how much it has received, while nobody takes anything.
struct Held {
  uint64_t most = 0;
  uint64_t received = 0;
};

Held measure(bool upload) {
  runtime::SimFaults faults;
  faults.link.window_min = faults.link.window_max = 64 << 10;
  SimWorld world(1, faults);
  const int origin_listener = *world.network().open_listener(origin_address);
  SimProcess serving(world, origin_address, 1,
                     [&](Shard& shard) { return origin(shard, origin_listener, !upload); });
  SimulatedEdge edge(
      world, {.address = edge_address, .origin_urls = {"http://" + origin_address.to_string()}});
  SimProcess asking(world, client_host, 1, [&](Shard& shard) { return clients(shard, upload); });
  Held held;
  for (int i = 0; i < 200; ++i) {
    world.run_until(world.now() + milliseconds(5));
    const runtime::SimTraffic traffic = world.network().traffic_of(edge_address);
    held.received = traffic.received_bytes;
    // Heads grow a little on their way through.
    if (traffic.received_bytes > traffic.sent_bytes)
      held.most = std::max(held.most, traffic.received_bytes - traffic.sent_bytes);
  }
  asking.close();
  CHECK(asking.join(seconds(10)));
  edge.drain(minutes(1));
  edge.process().close();
  CHECK(edge.process().join(minutes(1)));
  return held;
}

}  // namespace

TEST_CASE("clients that do not read cost the edge a bounded part of what they asked for") {
  const Held held = measure(false);
  CHECK(held.received > connections * 64 * 1024);
  CHECK(held.most <= connections * held_bytes_max);
}

TEST_CASE("an origin that does not read costs the edge a bounded part of what clients upload") {
  const Held held = measure(true);
  CHECK(held.received > connections * 64 * 1024);
  CHECK(held.most <= connections * held_bytes_max);
}

}  // namespace weir::sim
