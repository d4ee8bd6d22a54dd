// What a simulated disk promises and what it breaks: losses of power, ends of processes, and each
// fault by itself.
#include "runtime/sim_disk.h"

#include <algorithm>
#include <cerrno>

#include <doctest/doctest.h>

#include "runtime/file.h"
#include "runtime/sim_process.h"

namespace weir::runtime {
namespace {

const Address machine = *Address::parse("10.0.0.1:0");
constexpr FileOptions fresh{.write = true, .create = true};
constexpr size_t sector = SimFile::sector_bytes;

AlignedBuffer filled(size_t bytes, char c) {
  AlignedBuffer buffer(bytes);
  buffer.resize(bytes);
  std::fill_n(buffer.data(), bytes, c);
  return buffer;
}

struct Bench {
  explicit Bench(uint64_t seed, const SimDiskFaults& faults = {})
      : world(seed, {.disk = faults}), disk(world.disk(machine)) {}

  SimWorld world;
  SimDisk& disk;

  using Body = Task<> (*)(Reactor&);
  // A process that does this and ends.
  void run(Body body) {
    SimProcess process(world, machine, 1, [body](Shard& shard) { return body(shard.reactor()); });
    CHECK(process.join(hours(1)));
  }
  void fail_power() {
    disk.cut_power();
    disk.start_up();
  }
};

Wait soon(Reactor& reactor) {
  return {reactor.now() + minutes(1)};
}

Task<FilePtr> open(Reactor& reactor, const char* path) {
  Result<FilePtr> opened = co_await File::open(reactor, path, fresh, soon(reactor));
  REQUIRE(opened.has_value());
  co_return *std::move(opened);
}

Task<> write_a(Reactor& reactor, char c, size_t sectors, bool durable) {
  FilePtr file = co_await open(reactor, "/a");
  CHECK(co_await file->write_at(filled(sectors * sector, c), 0,
                                durable ? WriteMode::durable : WriteMode::cached, soon(reactor)));
}

// "/a" of 20 sectors of 'd', and its name, on the disk for certain.
Task<> make_durable_a(Reactor& reactor) {
  co_await write_a(reactor, 'd', 20, true);
  CHECK(co_await sync_directory(reactor, "", soon(reactor)));
}

}  // namespace

TEST_CASE("what was synced survives every loss of power, and so does a durable write") {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    Bench bench(seed);
    bench.run(make_durable_a);
    bench.run([](Reactor& reactor) -> Task<> {
      FilePtr file = co_await open(reactor, "/b");
      CHECK(co_await file->write_at(filled(10 * sector, 's'), 0, WriteMode::cached, soon(reactor)));
      CHECK(co_await file->sync(soon(reactor)));
      CHECK(co_await sync_directory(reactor, "", soon(reactor)));
    });
    bench.fail_power();
    CHECK(bench.disk.contents("/a") == std::string(20 * sector, 'd'));
    CHECK(bench.disk.contents("/b") == std::string(10 * sector, 's'));
  }
}

TEST_CASE("what was not synced is kept, lost or torn between sectors, as the seed has it") {
  int kept = 0, lost = 0, torn = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Bench bench(seed);
    bench.run(make_durable_a);
    bench.run([](Reactor& reactor) { return write_a(reactor, 'n', 20, false); });
    CHECK(bench.disk.contents("/a") == std::string(20 * sector, 'n'));
    bench.fail_power();
    const std::string left = *bench.disk.contents("/a");
    REQUIRE(left.size() == 20 * sector);
    for (size_t at = 0; at < left.size(); at += sector)
      CHECK(left.substr(at, sector) == std::string(sector, left[at]));
    const auto fresh_sectors = std::ranges::count(left, 'n');
    fresh_sectors == 0 ? ++lost : fresh_sectors == 20 * sector ? ++kept : ++torn;
  }
  CHECK(kept > 20);
  CHECK(lost > 20);
  CHECK(torn > 20);
}

TEST_CASE("a name survives for certain only when its directory was synced") {
  int kept = 0, lost = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Bench bench(seed);
    bench.run([](Reactor& reactor) { return write_a(reactor, 'd', 1, true); });
    bench.fail_power();
    bench.disk.contents("/a") ? ++kept : ++lost;
  }
  CHECK(kept > 10);
  CHECK(lost > 10);
}

TEST_CASE("a rename is seen whole or not at all after a loss of power") {
  int before = 0, behind = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Bench bench(seed);
    bench.run(make_durable_a);
    bench.run([](Reactor& reactor) -> Task<> {
      CHECK(co_await rename_file(reactor, "/a", "/b", soon(reactor)));
    });
    bench.fail_power();
    CHECK(bench.disk.files().size() == 1);
    bench.disk.contents("/a") ? ++before : ++behind;
  }
  CHECK(before > 10);
  CHECK(behind > 10);
}

TEST_CASE("the end of a process loses nothing that was written, and its disk goes on") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Bench bench(seed);
    bench.run([](Reactor& reactor) { return write_a(reactor, 'n', 20, false); });
    bench.disk.kill();
    bench.disk.start_up();
    bench.run([](Reactor& reactor) -> Task<> {
      FilePtr file = co_await open(reactor, "/a");
      auto got = co_await file->read_at(AlignedBuffer(20 * sector), 20 * sector, 0, soon(reactor));
      CHECK((got && got->view() == std::string(20 * sector, 'n')));
    });
  }
}

TEST_CASE("a write that is under way when the power fails may be torn, and answers an error") {
  int whole = 0, torn = 0, nothing = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    Bench bench(seed, {.latency_min = milliseconds(10)});
    bench.run(make_durable_a);
    {
      SimProcess process(bench.world, machine, 1, [](Shard& shard) -> Task<> {
        FilePtr file = co_await open(shard.reactor(), "/a");
        const auto written = co_await file->write_at(filled(20 * sector, 'n'), 0,
                                                     WriteMode::durable, soon(shard.reactor()));
        CHECK(!written.has_value());
      });
      bench.world.run_until(bench.world.now() + milliseconds(15));
      bench.disk.cut_power();
      CHECK(process.join(hours(1)));
    }
    bench.disk.start_up();
    const auto fresh_bytes = std::ranges::count(*bench.disk.contents("/a"), 'n');
    fresh_bytes == 0 ? ++nothing : fresh_bytes == 20 * sector ? ++whole : ++torn;
  }
  CHECK(whole > 5);
  CHECK(torn > 5);
  CHECK(nothing > 5);
}

TEST_CASE("a full disk says so, and removing a file makes room") {
  Bench bench(3, {.capacity_bytes = 10 * sector});
  bench.run([](Reactor& reactor) -> Task<> {
    FilePtr file = co_await open(reactor, "/a");
    auto full =
        co_await file->write_at(filled(20 * sector, 'x'), 0, WriteMode::cached, soon(reactor));
    CHECK(full.error().sys == ENOSPC);
    CHECK((co_await file->allocate(0, 20 * sector, soon(reactor))).error().sys == ENOSPC);
    CHECK(co_await file->allocate(0, 10 * sector, soon(reactor)));
    FilePtr other = co_await open(reactor, "/b");
    CHECK((co_await other->allocate(0, sector, soon(reactor))).error().sys == ENOSPC);
    file.reset();
    CHECK(co_await remove_file(reactor, "/a", soon(reactor)));
    CHECK(co_await sync_directory(reactor, "", soon(reactor)));
    CHECK(co_await other->allocate(0, sector, soon(reactor)));
  });
}

TEST_CASE("rot turns one bit over for good, and errors are errors") {
  Bench bench(5);
  bench.run(make_durable_a);
  bench.disk.set_faults({.rot_chance = 1});
  bench.run([](Reactor& reactor) -> Task<> {
    FilePtr file = co_await open(reactor, "/a");
    CHECK(co_await file->read_at(AlignedBuffer(sector), sector, 0, soon(reactor)));
  });
  bench.fail_power();
  CHECK(std::ranges::count(*bench.disk.contents("/a"), 'd') == 20 * sector - 1);
  bench.disk.set_faults({.read_error_chance = 1, .write_error_chance = 1, .sync_error_chance = 1});
  bench.run([](Reactor& reactor) -> Task<> {
    FilePtr file = co_await open(reactor, "/a");
    CHECK((co_await file->read_at(AlignedBuffer(9), 9, 0, soon(reactor))).error().sys == EIO);
    CHECK((co_await file->write_at(filled(9, 'x'), 0, WriteMode::cached, soon(reactor)))
              .error()
              .sys == EIO);
    CHECK((co_await file->sync(soon(reactor))).error().sys == EIO);
  });
}

TEST_CASE("a lost write is answered as written, and is not there") {
  Bench bench(6, {.lost_write_chance = 1});
  bench.run([](Reactor& reactor) { return write_a(reactor, 'n', 4, true); });
  CHECK(bench.disk.contents("/a") == std::string(4 * sector, '\0'));
}

TEST_CASE("a seed's disk is always the same, whatever it breaks") {
  const auto history = [](uint64_t seed) {
    Random random(seed);
    Bench bench(seed, SimDiskFaults::draw(random));
    bench.run([](Reactor& reactor) -> Task<> {
      FilePtr file = co_await open(reactor, "/a");
      for (uint64_t i = 0; i < 50; ++i)
        (void)co_await file->write_at(filled(9 * sector, 'x'), i * sector, WriteMode::cached,
                                      soon(reactor));
    });
    bench.fail_power();
    return std::pair(bench.world.trace_hash(), bench.disk.contents("/a"));
  };
  for (uint64_t seed = 1; seed <= 20; ++seed)
    CHECK(history(seed) == history(seed));
  CHECK(history(1) != history(2));
}

}  // namespace weir::runtime
