// Purges of both tiers in a simulated process, while the disk hangs.
#include "edge/second_tier.h"

#include <array>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "base/units.h"
#include "edge/cache_desk.h"
#include "edge/stored_answer.h"
#include "net/resolver.h"
#include "runtime/sim_process.h"
#include "settings/load.h"

namespace weir::edge {
namespace {

using runtime::Task;

constexpr size_t shards = 2;
const Address machine = *Address::parse("10.0.0.1:80");

EdgeSettings two_tiers() {
  EdgeSettings settings = settings::defaults(edge_settings());
  SiteSettings site;
  site.host = {"*"};
  site.origins = {net::origin_with_defaults("http://10.0.1.1:80")};
  settings.sites = {site};
  settings.cache.memory.bytes = 16 * MiB;
  settings.cache.disk.bytes = 6 * MiB;
  settings.cache.disk.partitions = 2;
  settings.cache.disk.segment_bytes = 512 * KiB;
  return settings;
}

// Runs one coroutine as the test's body, on shard 0.
class TwoTiers {
 public:
  TwoTiers()
      : service_(*EdgeService::make(
            two_tiers(), {.registry = registry_, .tracing = tracing_, .access_log = nullptr},
            {.shards = shards, .seed = 1, .data = "/"})),
        process_(world_, machine, shards, [this](runtime::Shard& shard) { return main(shard); }) {}
  ~TwoTiers() {
    process_.drain();
    CHECK(process_.join(hours(1)));
  }

  void run(Task<> (*body)(TwoTiers&)) {
    bool done = false;
    Task<> task = note_end(body(*this), done);
    process_.shards().post(
        0, [this, &task] { edges_[0]->shard().background().spawn(std::move(task)); });
    WEIR_ASSERT(world_.run_while([&done] { return !done; }, after(world_.now(), hours(1))));
  }

  EdgeShard& edge() { return *edges_[0]; }
  runtime::Wait soon() { return {after(world_.now(), seconds(4))}; }
  void hang_disk() { world_.disk(machine).set_faults({.latency_min = minutes(1)}); }
  bool in_memory(const std::string& key) {
    return edge().store().find(key, hash_of(key)) != nullptr;
  }
  Task<> put(const std::string& key) {
    cache::Fill fill = edge().store().fill_alone(key, hash_of(key));
    const StoredAnswer answer;
    const std::string_view meta(reinterpret_cast<const char*>(&answer), sizeof answer);
    REQUIRE(fill.publish({.variant = {}, .head = "head", .meta = meta, .tags = {}}, 0));
    REQUIRE(fill.complete());
    REQUIRE(co_await edge().store().settled(hash_of(key), soon()));
    REQUIRE(in_memory(key));
  }

 private:
  uint64_t hash_of(const std::string& key) { return edge().store().store().hash_of(key); }

  Task<> main(runtime::Shard& shard) {
    net::LiteralResolver resolver;
    EdgeShard edge(*service_, shard, resolver);
    edges_[shard.index()] = &edge;
    (void)co_await runtime::sleep(shard.reactor(), {never, &shard.draining()});
    co_await edge.stop();
  }
  static Task<> note_end(Task<> body, bool& done) {
    co_await std::move(body);
    done = true;
  }

  // Busy shards.
  runtime::SimWorld world_{1, {.shard = {.turn_min = milliseconds(5)}}};
  telemetry::Registry registry_{shards};
  telemetry::Tracing tracing_{shards, settings::defaults(telemetry::telemetry_settings()), 1};
  std::unique_ptr<EdgeService> service_;
  std::array<EdgeShard*, shards> edges_{};
  runtime::SimProcess process_;
};

// More than a shard purges in one turn.
constexpr int many = 3000;

Task<> purge_many_while_the_disk_hangs(TwoTiers& world) {
  const auto key = [](int i) { return "http://shop.test/" + std::to_string(i); };
  const cache::PurgeRequest all{.by = cache::PurgeBy::prefix, .text = "http://shop.test/"};
  co_await world.put(key(0));
  CHECK(co_await purge_tiers(world.edge(), all, world.soon()));
  CHECK_FALSE(world.in_memory(key(0)));
  for (int i = 0; i < many; ++i)
    co_await world.put(key(i));
  world.hang_disk();
  const auto done = co_await purge_tiers(world.edge(), all, world.soon());
  REQUIRE_FALSE(done);
  CHECK(done.error().code == ErrorCode::timed_out);
  int left = 0;
  for (int i = 0; i < many; ++i)
    left += world.in_memory(key(i));
  CHECK(left == 0);
}

Task<> purge_both_schemes(TwoTiers& world) {
  const std::array<std::string, 2> keys{"http://shop.test/a", "https://shop.test/a"};
  for (const std::string& key : keys)
    co_await world.put(key);
  world.hang_disk();
  const DeskAnswer answer = co_await purge(world.edge(), {.text = keys[1]});
  CHECK(answer.status == 503);
  for (const std::string& key : keys)
    CHECK_FALSE(world.in_memory(key));
}

}  // namespace

TEST_CASE("a purge is in force in memory when it fails by a disk that hangs") {
  TwoTiers().run(purge_many_while_the_disk_hangs);
}

TEST_CASE("a URL is purged for both schemes even where the first purge fails") {
  TwoTiers().run(purge_both_schemes);
}

}  // namespace weir::edge
