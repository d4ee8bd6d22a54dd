#pragma once
// Partition: the objects of the keys that one shard owns: index, eviction, order of keys, tags,
// fills under way. Only the index is read by other shards; all else is the owner's, called on its
// shard. Holds what it took from the pool of memory: what does not fit is not let in, or something
// has to go.

#include <atomic>
#include <memory>

#include "edge/cache/byte_account.h"
#include "edge/cache/fill_side.h"
#include "edge/cache/key_order.h"
#include "edge/cache/limbo.h"
#include "edge/cache/memory_pool.h"
#include "edge/cache/object_index.h"
#include "edge/cache/purge.h"
#include "edge/cache/s3_fifo.h"
#include "edge/cache/store_settings.h"
#include "edge/cache/tag_index.h"

namespace weir::edge::cache {

class Partition {
 public:
  Partition(const StoreSettings& settings, MemoryPool& pool, Epochs& epochs);
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;
  // Nobody reads any more.
  ~Partition();

  // --- any shard ---
  const ObjectIndex& index() const { return index_; }
  uint64_t bytes() const { return account_.bytes(); }
  uint64_t object_count() const { return object_count_.load(std::memory_order_relaxed); }
  // What it may hold at the moment.
  uint64_t quota() const { return quota_.load(std::memory_order_relaxed); }
  // How many purges it has seen: for what begins to be fetched now.
  uint64_t purges_seen() const { return purges_seen_.load(std::memory_order_acquire); }

  // --- the owner's shard ---
  void attach(ShardStore& store) { store_ = &store; }
  void detach() { store_ = nullptr; }
  void claim(ClaimInquiry& claim);
  void published(FillSide& side);
  void gave_up(FillSide& side);
  void ended(std::unique_ptr<FillSide> side);
  void remove(Object& object, Removal why);
  // Frees what nobody looks at any more. False when something is left to do later.
  bool end_step();

  // Notes a purge: what was being fetched before it is not stored as fresh. Answers the stamp that
  // objects inserted from now on exceed.
  uint64_t begin_purge(const PurgeRequest& request);
  void apply_purge(Object& object, bool soft);

  ObjectIndex& own_index() { return index_; }
  KeyOrder& order() { return order_; }
  TagIndex& tags() { return tags_; }
  const OwnerTable<FillRecord>& fills() const { return fills_; }
  static PolicyQueue queue_of(const Object& object) { return object.policy_.queue; }
  static uint64_t memory_of(const Object& object) {
    return object.charged_ + (object.body_ ? object.body_->charged() : 0);
  }
  static bool filling(const Object& object) { return object.filling_; }
  static std::span<const TagLink> tags_of(const Object& object) {
    return {object.tag_links_, object.tag_count_};
  }

 private:
  FillRecord* find_fill(const ClaimInquiry& claim) const;
  void lead(ClaimInquiry& claim);
  void answer(ClaimInquiry& claim, ClaimOutcome outcome);
  void unlist(FillRecord& record);
  void answer_all(FillRecord& record, ClaimOutcome outcome, const Object* object, Error error);
  static bool may_hand_on(const FillSide& side);
  bool hand_on(FillRecord& record);
  void fail_record(FillSide& side);
  void mark_uncacheable(FillSide& side);
  void refreshed(FillSide& side);
  void moved(FillSide& side);
  void replace(Object& old, Object& object);

  PurgeVerdict verdict_of(const FillSide& side, const Object& object) const;
  bool insert(Object& object);
  void drop_replaced(Object& newer);
  void keep(Object& object);
  bool try_keep(Object& object);
  bool make_room(uint64_t bytes, size_t most = SIZE_MAX);
  bool fits(uint64_t bytes) const;
  bool evict_one();
  void set_quota(uint64_t bytes);
  bool grow_quota();
  void want_more();
  bool may_give() const;
  void give_back();
  void grow_index();

  const StoreSettings& settings_;
  MemoryPool& pool_;
  std::atomic<uint64_t> quota_;
  bool wanting_ = false;
  ByteAccount account_;
  std::atomic<uint64_t> object_count_{0};
  std::atomic<uint64_t> purges_seen_{0};
  Limbo limbo_;
  ObjectIndex index_;
  S3Fifo<Object> policy_;
  KeyOrder order_;
  TagIndex tags_;
  PurgeLog purges_;
  OwnerTable<FillRecord> fills_;
  List<FillRecord> records_;  // all, also those that nobody may join any more
  List<Object> unkept_;       // complete, waiting for memory that others still look at
  uint64_t stamp_ = 0;
  ShardStore* store_ = nullptr;
};

}  // namespace weir::edge::cache
