// How old connections of HTTP/2 grow, in a simulated world: those that began together do not go
// together.
#include <algorithm>
#include <array>
#include <vector>

#include <doctest/doctest.h>

#include "net/connection_age.h"
#include "net/http_server.h"
#include "runtime/sim_process.h"
#include "settings/load.h"
#include "wire/http2_test_kit.h"

namespace weir::net {
namespace {

using runtime::Shard;
using runtime::SimProcess;
using runtime::SimWorld;
using runtime::Task;

const Address service_address = *Address::parse("10.0.0.1:80");
const Address client_host = *Address::parse("10.0.0.2:0");
constexpr size_t connections = 40;
constexpr Duration age_max = minutes(10);
// The way of bytes, and how long a shard may be busy.
constexpr Duration late_max = seconds(1);

class NoHandler final : public HttpHandler {
 public:
  Task<> handle(HttpExchange& exchange) override {
    exchange.abort();
    return Task<>::done();
  }
  void reject(HttpExchange& exchange, uint16_t, const char*) override { exchange.abort(); }
};

Task<> serve(Shard& shard, int listener) {
  NoHandler handler;
  telemetry::Recorder recorder;
  HttpServerGroup group(1);
  HttpServerSettings settings = settings::defaults(http_server_settings());
  settings.idle_timeout = 2 * age_max;
  settings.http2.age_max = age_max;
  HttpServer server(shard, group, handler, settings, recorder);
  co_await server.run(listener);
}

// One connection, until it is told to go; notes how old it became.
Task<> live(Shard& shard, std::vector<Duration>& ages) {
  auto stream = co_await shard.reactor().connect(service_address, {after(shard.now(), seconds(5))});
  REQUIRE(stream.has_value());
  const MonoTime began = shard.now();
  const std::string hello = wire::test::hello();
  iovec parts[1] = {runtime::part(hello)};
  REQUIRE((co_await (*stream)->send(parts, {after(began, seconds(5))})).has_value());
  wire::test::FrameReader heard;
  while (!heard.has(wire::test::FrameType::goaway, 0)) {
    const auto chunk = co_await (*stream)->recv({after(began, 2 * age_max)});
    if (!chunk || chunk->empty()) co_return;
    heard.add(chunk->view());
  }
  ages.push_back(shard.now() - began);
}

Task<> live_together(Shard& shard, std::vector<Duration>& ages) {
  for (size_t i = 0; i < connections; ++i)
    shard.background().spawn(live(shard, ages));
  return Task<>::done();
}

// By the order in which they go.
std::vector<Duration> ages_of(uint64_t seed) {
  SimWorld world(seed, {});
  const int listener = *world.network().open_listener(service_address);
  std::vector<Duration> ages;
  SimProcess serving(world, service_address, 1,
                     [&](Shard& shard) { return serve(shard, listener); });
  SimProcess asking(world, client_host, 1,
                    [&](Shard& shard) { return live_together(shard, ages); });
  CHECK(asking.join(hours(1)));
  serving.drain();
  CHECK(serving.join(minutes(1)));
  return ages;
}

}  // namespace

TEST_CASE("connections that began together go one by one, a tenth before their time or behind it") {
  const std::vector<Duration> ages = ages_of(1);
  REQUIRE(ages.size() == connections);
  const auto [least, most] = std::ranges::minmax(ages);
  CHECK(least >= age_max - age_max / 10);
  CHECK(most <= age_max + age_max / 10 + late_max);
  CHECK(least < age_max - age_max / 20);
  CHECK(most > age_max + age_max / 20);
  for (size_t i = 4; i < ages.size(); ++i)
    CHECK(ages[i] - ages[i - 4] > milliseconds(100));
  // Drawn from the seed, and from nothing else.
  CHECK(ages == ages_of(1));
  CHECK(ages != ages_of(2));
}

TEST_CASE("an age is drawn evenly within its bounds, the longest as well") {
  Random random(7);
  std::array<size_t, 4> quarters{};
  for (int i = 0; i < 4000; ++i) {
    const Duration age = draw_age(seconds(10), random);
    REQUIRE(age >= seconds(9));
    REQUIRE(age <= seconds(11));
    ++quarters[std::min<size_t>(3, static_cast<size_t>((age - seconds(9)) / milliseconds(500)))];
  }
  for (const size_t quarter : quarters)
    CHECK((quarter > 850 && quarter < 1150));
  const Duration longest = draw_age(hours(24 * 30), random);
  CHECK((longest >= hours(24 * 27) && longest <= hours(24 * 33)));
}

}  // namespace weir::net
