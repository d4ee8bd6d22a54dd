#pragma once
// For tests: a store in a simulated process of some shards, and the few steps by which an edge uses
// it. Runs one coroutine as the test's body, on shard 0; it may use the stores of all shards, since
// they live in one thread.

#include <array>
#include <string>
#include <vector>

#include "edge/cache/shard_store.h"
#include "runtime/sim_process.h"
#include "runtime/sim_world.h"

namespace weir::edge::cache {

inline StoreSettings test_settings(uint64_t bytes = 16 * 1024 * 1024) {
  return {.bytes = bytes,
          .object_bytes_max = 1 << 30,
          .fill_share = 0.25,
          .fills_max = 100,
          .waiting_max = 1000,
          .attempts_max = 2,
          .variants_max = 8,
          .tags_max = 8};
}

class CacheWorld {
 public:
  explicit CacheWorld(size_t shards = 1, const StoreSettings& settings = test_settings(),
                      uint64_t seed = 1)
      : registry(static_cast<unsigned>(shards)),
        store(settings, 0, shards, seed),
        stores(shards),
        world_(seed),
        process_(world_, *Address::parse("10.0.0.1:0"), shards,
                 [this](runtime::Shard& shard) { return main(*this, shard); }) {}

  // Runs body(*this, arguments...) to its end; at most an hour of the simulated clock.
  template <class Body, class... Arguments>
  void run(Body body, Arguments... arguments) {
    bool done = false;
    runtime::Task<> task = note_end(body(*this, std::move(arguments)...), done);
    process_.shards().post(
        0, [this, &task] { stores[0]->shard().background().spawn(std::move(task)); });
    WEIR_ASSERT(world_.run_while([&done] { return !done; }, after(world_.now(), hours(1))));
  }
  // The store of a shard, which then has a turn soon: what the test does to it from another shard
  // would otherwise wait until something happens there.
  ShardStore& at(size_t shard) {
    process_.shards().post(shard, [] {});
    return *stores[shard];
  }
  runtime::Wait soon(Duration time = seconds(10)) { return {after(world_.now(), time), nullptr}; }
  // Until letters have arrived and what was retired is free.
  runtime::Task<> settle() {
    for (size_t shard = 0; shard < stores.size(); ++shard)
      (void)at(shard);
    (void)co_await runtime::sleep(at(0).shard().reactor(), soon(milliseconds(50)));
  }
  // What `find` gives on that shard; nullptr: nothing.
  const Object* find(std::string_view key, size_t shard = 0) {
    return stores[shard]->find(key, store.hash_of(key));
  }
  ClaimRequest request(std::string_view key, std::string_view variant = {}) {
    const Object* seen = find(key);
    return {.key = key,
            .hash = store.hash_of(key),
            .variant = variant,
            .seen = seen ? seen->stamp() : 0};
  }
  uint64_t counted(const telemetry::CounterDecl& decl) { return registry.total(decl); }

  // Stores an answer as if it had been fetched by `shard`.
  struct Answer {
    std::string key;
    std::string body = "body";
    std::string variant = {};
    std::vector<std::string_view> tags = {};
    size_t shard = 0;
  };
  runtime::Task<bool> put(Answer answer) {
    Fill fill = at(answer.shard).fill_alone(answer.key, store.hash_of(answer.key));
    const ObjectDraft draft{
        .variant = answer.variant, .head = "head", .meta = "meta", .tags = answer.tags};
    if (!fill.publish(draft, answer.body.size())) co_return false;
    const Result<> taken = co_await fill.append_all(answer.body, soon());
    const bool kept = fill.storing();
    WEIR_ASSERT((taken && fill.complete()) || !kept);
    co_await settle();
    co_return kept;
  }

  telemetry::Registry registry;
  Store store;
  std::vector<ShardStore*> stores;

 private:
  static runtime::Task<> main(CacheWorld& self, runtime::Shard& shard) {
    ShardStore mine(self.store, shard,
                    self.registry.recorder(static_cast<unsigned>(shard.index())));
    self.stores[shard.index()] = &mine;
    (void)co_await runtime::sleep(shard.reactor(), {never, &shard.closing()});
    co_await mine.stop();
  }
  static runtime::Task<> note_end(runtime::Task<> body, bool& done) {
    co_await std::move(body);
    done = true;
  }

  runtime::SimWorld world_;
  runtime::SimProcess process_;
};

}  // namespace weir::edge::cache
