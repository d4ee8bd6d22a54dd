#pragma once
// ShardStore: the edge cache as one shard sees it: finds in all partitions without a lock, owns one
// of them, and speaks by letters with the owners of the others. Made on the shard, ends there after
// every coroutine that uses it.
//
// What find() gives is good until the coroutine suspends. It costs no write that another shard sees
// but for the heat of the object. Memory that left the index is freed once every shard has ended
// the turn in which it might have found it; a shard that sleeps holds nobody up.

#include <string>
#include <vector>

#include "edge/cache/body_reader.h"
#include "edge/cache/fill.h"
#include "edge/cache/key_report.h"
#include "edge/cache/letter.h"
#include "edge/cache/pins.h"
#include "edge/cache/purge.h"
#include "edge/cache/store.h"
#include "edge/cache/store_metrics.h"
#include "runtime/shard.h"

namespace weir::edge::cache {

struct ClaimRequest {
  std::string_view key;
  uint64_t hash = 0;
  // Which of the answers to this key is wanted, in words of the edge's own; claims of one key that
  // differ in it do not wait for each other.
  std::string_view variant = {};
  // Object::stamp() of the newest answer that find() gave; 0: none. If there is a newer one the
  // claim says look_again.
  uint64_t seen = 0;
  // What could not be stored for this reason (Fill::decline) is no answer to this claim.
  std::string_view unbound_by = {};
};

class ShardStore {
 public:
  ShardStore(Store& store, runtime::Shard& shard, telemetry::Recorder& recorder);
  ShardStore(const ShardStore&) = delete;
  ShardStore& operator=(const ShardStore&) = delete;
  ~ShardStore();

  // The newest answer stored under `key`, older variants behind it; nullptr: none. `key_hash` is
  // store().hash_of(key).
  const Object* find(std::string_view key, uint64_t key_hash) {
    pins_.enter();
    return store_.partitions_[store_.owner_of(key_hash)]->index().find(key, key_hash);
  }

  // Asks to fetch `request.key`, or waits for whoever fetches it already, at most until `wait`
  // says. May hop to the owner's shard.
  runtime::Task<Claim> claim(ClaimRequest request, runtime::Wait wait);
  // A fill beside the others, for an answer that nobody shall wait for: one that is fetched
  // although the key was not storable lately, a refresh in the background, a HEAD. Make it before
  // the fetch begins, so that a purge meanwhile is noticed.
  Fill fill_alone(std::string_view key, uint64_t key_hash) {
    return fill_alone(key, key_hash, {purges_seen(key_hash)});
  }
  // The same for a fetch that has begun before: begin_change() says when. Purges with its cause are
  // not after it.
  Fill fill_alone(std::string_view key, uint64_t key_hash, Begun begun);
  Begun begin_change(uint64_t key_hash);

  // Returns when the owner of `key_hash` has done whatever it was told from here before: what was
  // published is then found on every shard. No wait where this shard is the owner. Errors:
  // timed_out, cancelled.
  runtime::Task<Result<>> settled(uint64_t key_hash, runtime::Wait wait);

  // Removes, or makes stale, what `request` names, on all shards; answers how many. In force
  // everywhere when it answers: nothing that was there before, nor that was being fetched before,
  // is served fresh to a request that comes after. Errors: limit (the list of purges under way is
  // full), timed_out (it goes on, nevertheless), cancelled.
  runtime::Task<Result<uint64_t>> purge(PurgeRequest request, runtime::Wait wait);

  // The most used keys, hottest first, at most `count` of them. Goes through the index in slices.
  runtime::Task<Result<std::vector<HotKey>>> hottest(size_t count, runtime::Wait wait);
  // What the owner knows of one key.
  runtime::Task<Result<KeyReport>> explain(std::string key, runtime::Wait wait);

  // Ends the purges and searches that run for other shards. Before the destructor.
  runtime::Task<> stop();

  Store& store() { return store_; }
  runtime::Shard& shard() { return shard_; }
  size_t index() const { return shard_.index(); }

  // Called on this shard before a whole object of its own makes room for others; `hit`: whether it
  // was ever asked for again. It may take a reference.
  using EvictionHook = void (*)(void* owner, const Object& object, bool hit);
  void on_evict(EvictionHook hook, void* owner) {
    eviction_hook_ = hook;
    eviction_owner_ = owner;
  }
  // The tags of an object; their texts live as long as it does.
  static std::span<const TagLink> tags_of(const Object& object) {
    return Partition::tags_of(object);
  }
  // Calls visit(object, hit) for whole objects that this shard owns, of the buckets from `cursor`
  // on; answers where to go on, 0 at the end.
  template <class Visit>
  uint64_t visit_owned(uint64_t cursor, Visit visit) {
    constexpr size_t buckets_at_once = 64;
    return own_.own_index().scan(cursor, buckets_at_once, [&visit](const Object& newest) {
      for (const Object* each = &newest; each; each = each->next_variant())
        if (each->kind() == ObjectKind::answer && each->body().state() == BodyState::complete)
          visit(*each, each->heat() > 0 || Partition::queue_of(*each) == PolicyQueue::main);
    });
  }

  // --- for the parts of this module ---
  void evicting(const Object& object, bool hit) {
    if (eviction_hook_) eviction_hook_(eviction_owner_, object, hit);
  }
  static constexpr uint32_t purges_max = 256;
  PinBoard& pins() { return pins_; }
  StoreMetrics& metrics() { return metrics_; }
  Partition& own() { return own_; }
  void mail(size_t to, Letter& letter) { outbox_.add(to, letter); }
  void spawn(runtime::Task<> task) { tasks_.spawn(std::move(task)); }

 private:
  uint64_t purges_seen(uint64_t key_hash) const {
    return store_.partitions_[store_.owner_of(key_hash)]->purges_seen();
  }
  static void end_step(void* self);
  static void keep_up(void* self);

  Store& store_;
  runtime::Shard& shard_;
  StoreMetrics metrics_;
  PinBoard pins_;
  Outbox outbox_;
  Partition& own_;
  runtime::Scope tasks_;
  runtime::Timer upkeep_;
  runtime::StepHook step_hook_;
  uint32_t purging_ = 0;  // purges that were begun here
  uint64_t changes_ = 0;  // begin_change() was called
  EvictionHook eviction_hook_ = nullptr;
  void* eviction_owner_ = nullptr;
};

}  // namespace weir::edge::cache
