// The whole tier on simulated machines: restarts, purges, losses of power, broken disks.
#include "edge/disk/disk_tier.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "edge/disk/disk_test_kit.h"
#include "runtime/sim_seeds.h"

namespace weir::edge::disk {
namespace {

using runtime::Shard;

constexpr int keys = 60;

std::string key_of(int i) {
  return "https://a.example/" + std::to_string(i % 3) + "/item-" + std::to_string(i);
}

// A few bytes up to more than a page.
size_t size_of(int i) {
  return i % 7 == 0 ? 300'000 + static_cast<size_t>(i) : static_cast<size_t>(i * 97);
}

std::unique_ptr<TestSource> source(Shard& shard, int i, uint32_t version) {
  const runtime::Reactor& reactor = shard.reactor();
  return std::make_unique<TestSource>(key_of(i), version, size_of(i), reactor.now(),
                                      reactor.wall_now() + hours(24));
}

// Long enough for the tier to write what it was offered.
Task<> settle(Shard& shard) {
  (void)co_await runtime::sleep(shard.reactor(), {shard.now() + seconds(5)});
}

Task<> store_all(TestMachine&, DiskShard& disk, Shard& shard) {
  for (int i = 0; i < keys; ++i) {
    disk.offer(source(shard, i, 1));
    if (i % 5 == 0) (void)co_await runtime::sleep(shard.reactor(), {shard.now() + milliseconds(5)});
  }
  co_await settle(shard);
}

// tally: found, missed, torn, wrong.
Task<> find_all(TestMachine& machine, DiskShard& disk, Shard& shard) {
  for (int i = 0; i < keys; ++i) {
    const std::optional<Got> got = co_await look_up(disk, shard.reactor(), key_of(i));
    ++machine.tally[!got ? 1 : got->wrong ? 3 : got->torn ? 2 : 0];
  }
}

std::array<uint64_t, 4> found(TestMachine& machine, size_t shards = 2) {
  std::ranges::fill(machine.tally, 0);
  machine.run(find_all, shards);
  return {machine.tally[0], machine.tally[1], machine.tally[2], machine.tally[3]};
}

using Found = std::array<uint64_t, 4>;
constexpr Found all_found{keys, 0, 0, 0}, none_found{0, keys, 0, 0};

}  // namespace

TEST_CASE("what was stored is found, at once and after a restart, by any number of shards") {
  TestMachine machine(1);
  machine.run([](TestMachine& m, DiskShard& disk, Shard& shard) -> Task<> {
    co_await store_all(m, disk, shard);
    co_await find_all(m, disk, shard);
  });
  CHECK(machine.tally[0] == keys);
  for (const size_t shards : {1u, 2u, 5u, 3u})
    CHECK(found(machine, shards) == all_found);
  CHECK(machine.counted(offers, {"written"}) == keys);
}

TEST_CASE("a newer answer takes the place of an older one, also after a restart") {
  TestMachine machine(2);
  machine.run(store_all);
  const TestMachine::Body newest = [](TestMachine&, DiskShard& disk, Shard& shard) -> Task<> {
    const std::optional<Got> got = co_await look_up(disk, shard.reactor(), key_of(8));
    CHECK((got && got->version == 2 && !got->wrong));
  };
  machine.run([](TestMachine&, DiskShard& disk, Shard& shard) -> Task<> {
    disk.offer(source(shard, 8, 2));
    co_await settle(shard);
  });
  machine.run(newest);
  machine.run(newest);
}

TEST_CASE("age goes on over a restart, and time that the machine was off counts") {
  TestMachine machine(3);
  machine.run(store_all);
  machine.world.run_until(machine.world.now() + hours(2));
  machine.run([](TestMachine&, DiskShard& disk, Shard& shard) -> Task<> {
    const std::optional<Got> got = co_await look_up(disk, shard.reactor(), key_of(1));
    REQUIRE(got.has_value());
    CHECK(got->age >= Duration(hours(2)).count());
    CHECK(got->age < Duration(hours(3)).count());
  });
  machine.world.run_until(machine.world.now() + hours(23));
  CHECK(found(machine) == none_found);
}

namespace {

bool is_purged(int i) {
  return i == 5 || i % 3 == 0 || i % 10 == 4;
}

Task<> store_and_purge(TestMachine& machine, DiskShard& disk, Shard& shard) {
  for (int i = 0; i < keys; ++i) {
    auto made = source(shard, i, 1);
    if (i % 10 == 4) made->change().tags = {"news", "sport"};
    disk.offer(std::move(made));
  }
  co_await settle(shard);
  const runtime::Wait wait = machine.soon(shard);
  CHECK(co_await disk.purge(PurgeKind::key, key_of(5), false, wait));
  CHECK(co_await disk.purge(PurgeKind::prefix, "https://a.example/0/", false, wait));
  CHECK(co_await disk.purge(PurgeKind::tag, "sport", false, wait));
  for (int i = 0; i < keys; ++i)
    CHECK((co_await look_up(disk, shard.reactor(), key_of(i))).has_value() != is_purged(i));
  // What is stored from now on is not concerned.
  disk.offer(source(shard, 5, 2));
  co_await settle(shard);
}

Task<> find_nothing_purged(TestMachine&, DiskShard& disk, Shard& shard) {
  for (int i = 0; i < keys; ++i) {
    const std::optional<Got> got = co_await look_up(disk, shard.reactor(), key_of(i));
    if (got && is_purged(i)) CHECK((i == 5 && got->version == 2));
  }
}

}  // namespace

TEST_CASE("a purge is in force when it is answered, and nothing purged comes back") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    TestMachine machine(seed);
    machine.run(store_and_purge);
    if (seed % 2) {
      machine.disk.cut_power();
      machine.disk.start_up();
    }
    machine.run(find_nothing_purged);
  }
}

TEST_CASE("a soft purge makes stale, for good") {
  TestMachine machine(4);
  machine.run([](TestMachine& m, DiskShard& disk, Shard& shard) -> Task<> {
    co_await store_all(m, disk, shard);
    CHECK(co_await disk.purge(PurgeKind::key, key_of(1), true, m.soon(shard)));
  });
  machine.run([](TestMachine&, DiskShard& disk, Shard& shard) -> Task<> {
    CHECK((co_await look_up(disk, shard.reactor(), key_of(1)))->stale);
    CHECK(!(co_await look_up(disk, shard.reactor(), key_of(2)))->stale);
  });
}

TEST_CASE("what is on its way to the disk when it is purged is not written") {
  TestMachine machine(5);
  machine.run([](TestMachine& m, DiskShard& disk, Shard& shard) -> Task<> {
    auto old = source(shard, 1, 1);
    (void)co_await runtime::sleep(shard.reactor(), {shard.now() + milliseconds(1)});
    CHECK(co_await disk.purge(PurgeKind::key, key_of(1), false, m.soon(shard)));
    disk.offer(std::move(old));
    // This one waits in the batch.
    disk.offer(source(shard, 2, 1));
    (void)co_await runtime::sleep(shard.reactor(), {shard.now() + milliseconds(1)});
    CHECK(co_await disk.purge(PurgeKind::key, key_of(2), false, m.soon(shard)));
    co_await settle(shard);
    CHECK(!co_await look_up(disk, shard.reactor(), key_of(1)));
    CHECK(!co_await look_up(disk, shard.reactor(), key_of(2)));
  });
  CHECK(machine.counted(offers, {"purged"}) == 2);
}

TEST_CASE("after a loss of power what is found is right, and what was left in order is found") {
  uint64_t left = 0;
  const auto [first, count] = runtime::SimSeeds::of(60);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    TestMachine machine(seed);
    machine.run(store_all);
    machine.run([](TestMachine& m, DiskShard& disk, Shard& shard) -> Task<> {
      for (int i = 0; i < 20; ++i)
        disk.offer(source(shard, i, 2));
      (void)co_await runtime::sleep(shard.reactor(),
                                    {shard.now() + microseconds(m.world.random().below(30'000))});
      m.disk.cut_power();
    });
    machine.disk.start_up();
    const Found result = found(machine);
    CHECK(result[3] == 0);
    left += result[0];
  }
  // The seal of a segment may be lost, but not what was synced before it.
  CHECK((left > count * keys * 9 / 10 || count < 20));
}

TEST_CASE("bits that turn over are misses, and counted") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    TestMachine machine(seed);
    machine.run(store_all);
    machine.disk.set_faults({.rot_chance = 0.5});
    Found sum{};
    for (int run = 0; run < 3; ++run) {
      const Found result = found(machine);
      CHECK(result[3] == 0);
      sum[0] += result[0];
      sum[1] += result[1];
    }
    CHECK(sum[1] > 0);
    CHECK(machine.counted(broken, {"record"}) + machine.counted(broken, {"body"}) +
              machine.counted(broken, {"list"}) + machine.counted(broken, {"segment"}) +
              machine.counted(broken, {"journal"}) >
          0);
  }
}

namespace {

Task<> purge_and_look(TestMachine& machine, DiskShard& disk, Shard& shard) {
  co_await store_all(machine, disk, shard);
  const bool purged =
      (co_await disk.purge(PurgeKind::prefix, "https://a.example/1/", false, machine.soon(shard)))
          .has_value();
  for (int i = 0; i < keys; ++i) {
    const std::optional<Got> got = co_await look_up(disk, shard.reactor(), key_of(i));
    if (got) CHECK(!got->wrong);
    if (got && i % 3 == 1) CHECK(!purged);
    machine.tally[0] += got && !got->torn;
  }
  if (machine.world.random().below(2) == 0) machine.disk.cut_power();
}

}  // namespace

TEST_CASE("whatever the disk does, nothing is wrong and nothing purged comes back") {
  uint64_t hits = 0;
  const auto [first, count] = runtime::SimSeeds::of(150);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    TestMachine machine(seed, runtime::SimDiskFaults::draw(random));
    for (int run = 0; run < 3; ++run) {
      machine.run(purge_and_look);
      machine.disk.start_up();
    }
    hits += machine.tally[0];
  }
  CHECK((hits > 33 * count || count < 50));
}

TEST_CASE("the tier keeps to its bytes, and what is hit stays") {
  TestMachine machine(9);
  machine.settings.bytes = 12 << 20;
  machine.run([](TestMachine& m, DiskShard& disk, Shard& shard) -> Task<> {
    const auto insert = [&](const std::string& key) {
      disk.offer(std::make_unique<TestSource>(key, 1, 100'000, shard.now(),
                                              shard.reactor().wall_now() + hours(24)));
    };
    insert("favourite");
    co_await settle(shard);
    for (int i = 0; i < 400; ++i) {
      insert(key_of(i));
      (void)co_await runtime::sleep(shard.reactor(), {shard.now() + milliseconds(30)});
      if (i % 20 == 0) CHECK((co_await look_up(disk, shard.reactor(), "favourite")).has_value());
      CHECK(m.disk.used_bytes() <= (12 << 20) + 3 * (2 << 20));
    }
    CHECK(!co_await look_up(disk, shard.reactor(), key_of(0)));
    CHECK((co_await look_up(disk, shard.reactor(), key_of(399))).has_value());
  });
  CHECK(machine.counted(stored_bytes) <= 12 << 20);
  machine.run([](TestMachine&, DiskShard& disk, Shard& shard) -> Task<> {
    CHECK((co_await look_up(disk, shard.reactor(), "favourite")).has_value());
  });
}

TEST_CASE("a full disk is no reason to stop") {
  TestMachine machine(10, {.capacity_bytes = 4 << 20});
  machine.run(store_all);
  const Found result = found(machine);
  CHECK(result[0] > 0);
  CHECK(result[2] + result[3] == 0);
  CHECK(machine.counted(disk_errors, {"write"}) > 0);
}

TEST_CASE("another layout, another program's meta blocks, or a tier that is off have none of it") {
  TestMachine machine(11);
  machine.run(store_all);
  machine.meta_format = 2;
  CHECK(found(machine) == none_found);
  machine.meta_format = 1;
  machine.run(store_all);
  CHECK(found(machine) == all_found);
  machine.settings.partitions = 4;
  CHECK(found(machine) == none_found);
  CHECK(machine.counted(discards) > 0);
  machine.run(store_all);
  CHECK(found(machine) == all_found);
  const DiskSettings on = machine.settings;
  machine.settings.bytes = 0;
  machine.run([](TestMachine&, DiskShard&, Shard& shard) -> Task<> { co_await settle(shard); });
  CHECK(machine.disk.used_bytes() == 0);
  machine.settings = on;
  CHECK(found(machine) == none_found);
}

TEST_CASE("what came from the disk is not written again while it is there") {
  TestMachine machine(12);
  machine.run([](TestMachine& m, DiskShard& disk, Shard& shard) -> Task<> {
    co_await store_all(m, disk, shard);
    auto again = source(shard, 3, 1);
    again->change().from_disk = true;
    disk.offer(std::move(again));
    co_await settle(shard);
  });
  CHECK(machine.counted(offers, {"present"}) == 1);
  CHECK(machine.counted(offers, {"written"}) == keys);
}

TEST_CASE("variants of a key are told apart by what fits the request") {
  TestMachine machine(13);
  machine.run([](TestMachine& m, DiskShard& disk, Shard& shard) -> Task<> {
    for (const char* variant : {"br", "gzip"}) {
      auto made = source(shard, 1, variant[0] == 'b' ? 1 : 2);
      made->change().variant = variant;
      disk.offer(std::move(made));
    }
    co_await settle(shard);
    std::string wanted = "br";
    const VariantFits fits{[](void* request, std::string_view variant, std::string_view) {
                             return variant == *static_cast<std::string*>(request);
                           },
                           &wanted};
    const auto older = co_await disk.find(key_of(1), fits, m.soon(shard));
    REQUIRE(older);
    CHECK(older->variant() == "br");
    wanted = "identity";
    CHECK(!co_await disk.find(key_of(1), fits, m.soon(shard)));
  });
}

namespace {

// Another process on the same machine, while the first one lives.
struct Successor {
  DiskTier tier;
  telemetry::Recorder recorder;
  std::unique_ptr<runtime::SimProcess> process;

  explicit Successor(TestMachine& m) : tier(m.settings, "/cache", 1, m.meta_format) {}
  static Task<> main(Successor& self, Shard& shard) {
    DiskShard disk(self.tier, shard, self.recorder);
    disk.start();
    CHECK(!co_await look_up(disk, shard.reactor(), key_of(1)));
    const Wait brief{shard.now() + milliseconds(100)};
    CHECK(!co_await disk.purge(PurgeKind::key, key_of(1), false, brief));
    (void)co_await runtime::sleep(shard.reactor(), {shard.now() + seconds(20)});
    CHECK(!co_await look_up(disk, shard.reactor(), key_of(1)));
    CHECK((co_await look_up(disk, shard.reactor(), key_of(2))).has_value());
    co_await disk.stop();
  }
};

}  // namespace

TEST_CASE("a process that takes over waits until the other has let go, and loses no purge") {
  TestMachine machine(14);
  Successor successor(machine);
  machine.extra = &successor;
  machine.run([](TestMachine& m, DiskShard& disk, Shard& shard) -> Task<> {
    co_await store_all(m, disk, shard);
    auto& next = *static_cast<Successor*>(m.extra);
    next.process = std::make_unique<runtime::SimProcess>(
        m.world, test_machine, 1, [&next](Shard& own) { return Successor::main(next, own); });
    (void)co_await runtime::sleep(shard.reactor(), {shard.now() + seconds(10)});
  });
  CHECK(successor.process->join(hours(1)));
}

TEST_CASE("more reads than a shard serves are misses, and counted") {
  TestMachine machine(15);
  machine.settings.reads_max = 2;
  machine.run([](TestMachine& m, DiskShard& disk, Shard& shard) -> Task<> {
    co_await store_all(m, disk, shard);
    struct Reader {
      static Task<> read(DiskShard& from, Shard& on, int i, int& misses) {
        if (!co_await look_up(from, on.reactor(), key_of(i))) ++misses;
      }
    };
    int misses = 0;
    runtime::Scope scope(shard.reactor());
    for (int i = 0; i < 20; ++i)
      scope.spawn(Reader::read(disk, shard, i, misses));
    co_await scope.join();
    CHECK(misses > 0);
  });
  CHECK(machine.counted(lookups, {"busy"}) > 0);
}

TEST_CASE("a seed is always the same run") {
  const auto run = [](uint64_t seed) {
    Random random(seed);
    TestMachine machine(seed, runtime::SimDiskFaults::draw(random));
    machine.run(store_all);
    (void)found(machine);
    return machine.world.trace_hash();
  };
  for (uint64_t seed = 1; seed <= 5; ++seed)
    CHECK(run(seed) == run(seed));
}

}  // namespace weir::edge::disk
