#pragma once
// ObjectIndex: from key to object, of one partition. Read by every shard without a lock, within a
// turn (epochs.h); written by the owner alone. A hash table of buckets of one cache line: a byte of
// the hash for each of 7 objects, so that a look-up usually reads the bucket and the right object,
// nothing else. Keys are compared whole. The answers to one key hang behind each other, newest
// first.
//
// It grows by copying a few buckets at each insertion into a table of twice the size, which takes
// the old one's place when all are copied; readers always see one whole table.
//
//   bucket (64 bytes): [7 tags, 1 overflow count][7 pointers]
//   overflow: how many keys that belong here stand further on; 255 stays

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <string_view>

#include "edge/cache/object.h"

namespace weir::edge::cache {

class Limbo;

class ObjectIndex {
 public:
  // Charges its tables to `account`; old tables are freed through `limbo`.
  ObjectIndex(ByteAccount& account, Limbo& limbo);
  ObjectIndex(const ObjectIndex&) = delete;
  ObjectIndex& operator=(const ObjectIndex&) = delete;
  // Nobody reads any more; the objects are not its own.
  ~ObjectIndex();

  // --- any shard ---
  const Object* find(std::string_view key, uint64_t hash) const {
    const Table& table = *table_.load(std::memory_order_acquire);
    const Place place = locate(table, key, hash);
    return place.slot ? place.object : nullptr;
  }

  // Brings what a look-up of `hash` reads first closer.
  void prefetch(uint64_t hash) const {
    __builtin_prefetch(&bucket_at(*table_.load(std::memory_order_relaxed), hash));
  }

  // --- the owner ---
  Object* newest(std::string_view key, uint64_t hash) const {
    return const_cast<Object*>(find(key, hash));
  }
  // Becomes the newest answer to its key.
  void push(Object& object);
  void unlink(Object& object);
  size_t keys() const { return keys_; }
  // What the table holds in memory, and what it would hold besides while it grows.
  bool wants_to_grow() const;
  uint64_t growth_bytes() const;
  // Begins to grow. Without it a full table takes no more: see full().
  void grow();
  bool full() const;

  // Calls visit(Object&) for the newest answers of the keys in the buckets from `cursor` on, at
  // most `buckets` of them; answers where to go on, 0 at the end. Keys that are there throughout
  // are visited at least once, also when the table grows meanwhile.
  template <class Visit>
  uint64_t scan(uint64_t cursor, size_t buckets, Visit visit);

 private:
  static constexpr size_t width = 7;
  static constexpr size_t first_buckets = 16;
  static constexpr size_t copied_at_once = 8;
  struct alignas(64) Bucket {
    std::atomic<uint64_t> tags{0};
    std::array<std::atomic<Object*>, width> objects{};
  };
  struct alignas(64) Table {
    uint64_t mask;
    Bucket* buckets() { return reinterpret_cast<Bucket*>(this + 1); }
  };
  struct Place {
    Bucket* bucket = nullptr;
    std::atomic<Object*>* slot = nullptr;
    Object* object = nullptr;
  };

  static uint8_t tag_of(uint64_t hash) {
    const auto tag = static_cast<uint8_t>(hash >> 40);
    return tag == 0 ? 1 : tag;
  }
  static uint8_t tag_at(uint64_t tags, size_t i) { return static_cast<uint8_t>(tags >> (8 * i)); }
  static uint8_t overflow_of(uint64_t tags) { return tag_at(tags, width); }
  static uint64_t with(uint64_t tags, size_t i, uint8_t tag) {
    return (tags & ~(uint64_t{0xff} << (8 * i))) | uint64_t{tag} << (8 * i);
  }
  static Bucket& bucket_at(const Table& table, uint64_t index) {
    return const_cast<Table&>(table).buckets()[index & table.mask];
  }
  // A high bit for each byte of `tags` that is `tag`; also for some behind it, which the comparison
  // of keys sorts out.
  static uint64_t matches(uint64_t tags, uint8_t tag) {
    const uint64_t diff = (tags ^ (0x0101010101010101u * tag)) & 0x00ffffffffffffffu;
    return (diff - 0x0001010101010101u) & ~diff & 0x0080808080808080u;
  }

  static Place locate(const Table& table, std::string_view key, uint64_t hash) {
    const uint8_t tag = tag_of(hash);
    for (uint64_t at = hash; at - hash <= table.mask; ++at) {
      Bucket& bucket = bucket_at(table, at);
      const uint64_t tags = bucket.tags.load(std::memory_order_acquire);
      for (uint64_t bits = matches(tags, tag); bits != 0; bits &= bits - 1) {
        std::atomic<Object*>& slot =
            bucket.objects[static_cast<size_t>(std::countr_zero(bits)) / 8];
        Object* object = slot.load(std::memory_order_acquire);
        if (object && object->hash() == hash && object->key() == key)
          return {&bucket, &slot, object};
      }
      if (overflow_of(tags) == 0) break;
    }
    return {};
  }

  static uint64_t table_bytes(uint64_t buckets) { return sizeof(Table) + buckets * sizeof(Bucket); }
  Table* make_table(size_t buckets);
  void free_table(Table* table);
  static Bucket& insert(Table& table, Object& object);
  void replace(const Place& place, Object& object);
  static void remove(Table& table, const Place& place, uint64_t hash);
  bool copied(const Bucket& bucket) const;
  void copy_some();

  ByteAccount& account_;
  Limbo& limbo_;
  std::atomic<Table*> table_;
  size_t keys_ = 0;
  Table* larger_ = nullptr;  // while it grows: has what is in the buckets before copied_
  uint64_t copied_ = 0;
};

template <class Visit>
uint64_t ObjectIndex::scan(uint64_t cursor, size_t buckets, Visit visit) {
  const Table& table = *table_.load(std::memory_order_relaxed);
  // When the table grows, what was in bucket b is in b or further on: nothing is skipped.
  for (; buckets > 0 && cursor <= table.mask; --buckets, ++cursor) {
    Bucket& bucket = bucket_at(table, cursor);
    for (std::atomic<Object*>& slot : bucket.objects)
      if (Object* object = slot.load(std::memory_order_relaxed)) visit(*object);
  }
  return cursor > table.mask ? 0 : cursor;
}

}  // namespace weir::edge::cache
