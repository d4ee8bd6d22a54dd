// Calls between our client and our server in a simulated world, from each seed: whatever the
// network does, what is read is what was written, in order and once; a call ends by its deadline;
// and nothing is left behind.
// WEIR_SIM_SEEDS and others say which seeds (runtime/sim_seeds.h).
#include <doctest/doctest.h>

#include "net/grpc_channel.h"
#include "net/grpc_server.h"
#include "net/http_server.h"
#include "runtime/sim_process.h"
#include "runtime/sim_seeds.h"
#include "settings/load.h"

namespace weir::net {
namespace {

using runtime::Shard;
using runtime::SimFaults;
using runtime::SimProcess;
using runtime::SimWorld;
using runtime::Task;
using wire::GrpcCode;

const Address service_address = *Address::parse("10.0.0.1:50051");
const Address client_host = *Address::parse("10.0.0.2:0");
constexpr Duration call_time = seconds(20);
constexpr size_t calls = 6;

// Says every message again.
class Echo final : public GrpcService {
 public:
  std::string_view name() const override { return "sim.Echo"; }
  Task<GrpcStatus> call(std::string_view, GrpcExchange& call) override {
    for (;;) {
      const auto message = co_await call.read();
      if (!message) co_return status_of(message.error());
      if (!*message) co_return GrpcStatus{};
      const Result<> written = co_await call.write(**message);
      if (!written) co_return status_of(written.error());
    }
  }
};

class Handler final : public HttpHandler {
 public:
  Task<> handle(HttpExchange& exchange) override { co_await grpc_.serve(exchange); }
  void reject(HttpExchange& exchange, uint16_t, const char*) override { exchange.abort(); }

 private:
  Echo echo_;
  GrpcServer grpc_{{&echo_}};
};

Task<> serve(Shard& shard, int listener) {
  Handler handler;
  telemetry::Recorder recorder;
  HttpServerGroup group(1);
  HttpServer server(shard, group, handler, settings::defaults(http_server_settings()), recorder);
  co_await server.run(listener);
}

struct Tally {
  size_t ended_well = 0;
  size_t failed = 0;
  size_t wrong = 0;  // messages that are none of those that should come
  Duration longest{};
};

std::vector<std::string> messages_of(Random& random) {
  std::vector<std::string> all(random.below(12));
  for (size_t i = 0; i < all.size(); ++i) {
    const size_t size = random.below(random.below(4) == 0 ? 200'000 : 2'000);
    all[i] = std::to_string(i) + std::string(size, static_cast<char>('a' + random.below(26)));
  }
  return all;
}

Task<> write_all(GrpcClientCall& call, const std::vector<std::string>& messages) {
  for (const std::string& message : messages)
    if (!co_await call.write(message)) co_return;
  call.end_writes();
}

Task<> converse(Shard& shard, GrpcChannel& channel, uint64_t seed, Tally& tally) {
  Random random(seed);
  const std::vector<std::string> messages = messages_of(random);
  const MonoTime began = shard.now();
  {
    GrpcClientCall call(channel, {"/sim.Echo/Talk"}, {after(began, call_time)});
    runtime::Scope writing(shard.reactor());
    writing.spawn(write_all(call, messages));
    size_t read = 0;
    Result<std::optional<std::string_view>> message = co_await call.read();
    for (; message && *message; message = co_await call.read())
      tally.wrong += read >= messages.size() || **message != messages[read++];
    const bool well = message && call.status().code == GrpcCode::ok;
    tally.wrong += well && read != messages.size();
    ++(well ? tally.ended_well : tally.failed);
    co_await writing.join();
  }
  tally.longest = std::max(tally.longest, shard.now() - began);
}

Task<> ask(Shard& shard, uint64_t seed, Tally& tally) {
  LiteralResolver resolver;
  telemetry::Recorder recorder;
  OriginSettings settings = origin_with_defaults("http://" + service_address.to_string());
  settings.http2.use = Http2Use::on;
  GrpcChannel channel(shard, *OriginShare::make(settings, 1), resolver, recorder, {});
  for (uint64_t round = 0; round < 2; ++round) {
    runtime::Scope scope(shard.reactor());
    for (uint64_t i = 0; i < calls; ++i)
      scope.spawn(converse(shard, channel, seed * 100 + round * calls + i, tally));
    co_await scope.join();
  }
  co_await channel.stop();
}

Tally run(uint64_t seed, const SimFaults& faults) {
  SimWorld world(seed, faults);
  const int listener = *world.network().open_listener(service_address);
  Tally tally;
  {
    SimProcess serving(world, service_address, 1,
                       [&](Shard& shard) { return serve(shard, listener); });
    SimProcess asking(world, client_host, 1, [&](Shard& shard) { return ask(shard, seed, tally); });
    CHECK(asking.join(minutes(10)));
    serving.drain();
    CHECK(serving.join(minutes(10)));
  }
  CHECK(world.network().sockets() == 0);
  return tally;
}

}  // namespace

TEST_CASE("on a sound network every call ends well, with all its messages") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const Tally tally = run(seed, {});
    CHECK(tally.ended_well == 2 * calls);
    CHECK(tally.wrong == 0);
  }
}

TEST_CASE("whatever the network does, no message is wrong and no call outlasts its time") {
  const auto seeds = runtime::SimSeeds::of(200);
  size_t well = 0, failed = 0;
  for (uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Tally tally = run(seed, SimFaults::draw(random));
    CHECK(tally.wrong == 0);
    CHECK(tally.ended_well + tally.failed == 2 * calls);
    // A shard may stand still for a while.
    CHECK(tally.longest <= call_time + seconds(2));
    well += tally.ended_well;
    failed += tally.failed;
  }
  CHECK(well > 0);
  CHECK((failed > 0 || seeds.count < 20));
}

}  // namespace weir::net
