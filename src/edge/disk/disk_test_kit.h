#pragma once
// What the tests of the disk tier share: a machine in a simulated world whose process has a tier,
// and answers whose every byte follows from their key, so that whoever gets one knows if it is
// right.

#include <array>
#include <cstring>
#include <string>

#include "edge/disk/disk_tier.h"
#include "runtime/sim_process.h"
#include "settings/load.h"

namespace weir::edge::disk {

// "v" counts versions of a key; the body says both.
inline std::string body_of(std::string_view key, uint32_t version, size_t bytes) {
  const std::string seed = std::string(key) + '#' + std::to_string(version) + ' ';
  std::string body;
  while (body.size() < bytes)
    body += seed;
  body.resize(bytes);
  return body;
}

struct TestMeta {
  uint32_t version = 0;
  uint32_t bytes = 0;
  int64_t born = 0;  // monotonic
};

class TestSource final : public DiskSource {
 public:
  TestSource(std::string key, uint32_t version, size_t bytes, MonoTime stored, WallTime expires)
      : key_(std::move(key)), body_(body_of(key_, version, bytes)) {
    meta_ = {version, static_cast<uint32_t>(bytes), nanos(stored)};
    draft_ = {.key = key_,
              .variant = {},
              .meta = {reinterpret_cast<const char*>(&meta_), sizeof meta_},
              .head = "HTTP/1.1 200 OK\r\n",
              .body_bytes = body_.size(),
              .stored = stored,
              .expires = expires};
  }
  DiskDraft& change() { return draft_; }
  std::string_view body(uint64_t offset) const override {
    // In runs that are no whole slices.
    return std::string_view(body_).substr(offset, 50'000);
  }

 private:
  std::string key_;
  std::string body_;
  TestMeta meta_;
};

// What a look-up gave, read to its end.
struct Got {
  uint32_t version = 0;
  bool stale = false;
  bool torn = false;  // the body broke off with an error
  bool wrong = false;
  int64_t age = 0;  // of `born`
};

inline runtime::Task<std::optional<Got>> look_up(DiskShard& shard, runtime::Reactor& reactor,
                                                 std::string key) {
  const VariantFits any{[](void*, std::string_view, std::string_view) { return true; }, nullptr};
  const Wait wait{reactor.now() + seconds(30)};
  const std::unique_ptr<DiskAnswer> answer = co_await shard.find(key, any, wait);
  if (!answer) co_return std::nullopt;
  TestMeta meta;
  std::memcpy(&meta, answer->meta().data(), sizeof meta);
  Got got{.version = meta.version, .stale = answer->stale()};
  got.age = nanos(reactor.now()) - (meta.born + answer->shift().count());
  std::string body;
  while (body.size() < answer->body_bytes()) {
    const Result<std::string_view> part = co_await answer->next({reactor.now() + seconds(30)});
    if (!part) {
      got.torn = true;
      co_return got;
    }
    body += *part;
  }
  got.wrong = answer->key() != key || body != body_of(key, meta.version, meta.bytes);
  co_return got;
}

inline DiskSettings small_tier() {
  DiskSettings settings = settings::defaults(disk_settings());
  settings.partitions = 3;
  settings.bytes = 24 << 20;
  settings.segment_bytes = 2 << 20;
  settings.flush_after = milliseconds(20);
  return settings;
}

inline const Address test_machine = *Address::parse("10.0.0.1:0");

// Processes that follow each other on one machine. A body runs on shard 0 while the tier is up.
class TestMachine {
 public:
  using Body = runtime::Task<> (*)(TestMachine&, DiskShard&, runtime::Shard&);

  explicit TestMachine(uint64_t seed, const runtime::SimDiskFaults& faults = {})
      : world(seed, {.disk = faults}) {}

  // Whether it ended by itself; the tier is stopped in order.
  void run(Body body, size_t shards = 2) {
    DiskTier tier(settings, "/cache", shards, meta_format);
    runtime::SimProcess process(world, test_machine, shards, [&](runtime::Shard& shard) {
      return main(*this, tier, shard, body);
    });
    live = &process;
    const bool joined = process.join(hours(1));
    WEIR_ASSERT(joined);
    live = nullptr;
  }
  Wait soon(runtime::Shard& shard) const { return {shard.now() + seconds(60)}; }

  runtime::SimWorld world;
  runtime::SimDisk& disk = world.disk(test_machine);
  DiskSettings settings = small_tier();
  uint32_t meta_format = 1;
  runtime::SimProcess* live = nullptr;
  void* extra = nullptr;  // of one test
  uint64_t tally[4] = {};
  std::array<telemetry::Recorder, 8> recorders;

  // Of all processes and shards so far.
  template <class Decl>
  uint64_t counted(const Decl& decl, telemetry::LabelValues labels = {}) {
    uint64_t sum = 0;
    for (telemetry::Recorder& recorder : recorders)
      sum += static_cast<uint64_t>(recorder.bind(decl, labels).value());
    return sum;
  }

 private:
  static runtime::Task<> main(TestMachine& machine, DiskTier& tier, runtime::Shard& shard,
                              Body body) {
    DiskShard disk_shard(tier, shard, machine.recorders[shard.index()]);
    disk_shard.start();
    if (shard.index() == 0) {
      co_await body(machine, disk_shard, shard);
      machine.live->drain();
    }
    (void)co_await runtime::sleep(shard.reactor(), {never, &shard.draining()});
    co_await disk_shard.stop();
  }
};

}  // namespace weir::edge::disk
