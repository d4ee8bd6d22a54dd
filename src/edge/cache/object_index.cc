#include "edge/cache/object_index.h"

#include <cstdlib>
#include <new>

#include "edge/cache/limbo.h"

namespace weir::edge::cache {

ObjectIndex::ObjectIndex(ByteAccount& account, Limbo& limbo)
    : account_(account), limbo_(limbo), table_(make_table(first_buckets)) {}

ObjectIndex::~ObjectIndex() {
  free_table(table_.load(std::memory_order_relaxed));
  if (larger_) free_table(larger_);
}

ObjectIndex::Table* ObjectIndex::make_table(size_t buckets) {
  void* block = std::aligned_alloc(alignof(Table), table_bytes(buckets));
  WEIR_ASSERT(block);
  account_.add(allocated_bytes(block));
  auto* table = new (block) Table{buckets - 1};
  for (size_t i = 0; i < buckets; ++i)
    new (table->buckets() + i) Bucket;
  return table;
}

void ObjectIndex::free_table(Table* table) {
  account_.subtract(allocated_bytes(table));
  std::free(table);
}

bool ObjectIndex::wants_to_grow() const {
  const uint64_t buckets = table_.load(std::memory_order_relaxed)->mask + 1;
  return !larger_ && keys_ * 4 >= buckets * width * 3;
}

uint64_t ObjectIndex::growth_bytes() const {
  return table_bytes(2 * (table_.load(std::memory_order_relaxed)->mask + 1));
}

bool ObjectIndex::full() const {
  const uint64_t buckets = table_.load(std::memory_order_relaxed)->mask + 1;
  return keys_ * 20 >= buckets * width * 19;
}

void ObjectIndex::grow() {
  WEIR_ASSERT(!larger_);
  larger_ = make_table(2 * (table_.load(std::memory_order_relaxed)->mask + 1));
  copied_ = 0;
}

bool ObjectIndex::copied(const Bucket& bucket) const {
  if (!larger_) return false;
  Table& table = *table_.load(std::memory_order_relaxed);
  return static_cast<uint64_t>(&bucket - table.buckets()) < copied_;
}

void ObjectIndex::push(Object& object) {
  if (larger_) copy_some();
  Table& table = *table_.load(std::memory_order_relaxed);
  object.indexed_ = true;
  const Place place = locate(table, object.key(), object.hash());
  object.next_variant_.store(place.object, std::memory_order_relaxed);
  if (place.slot) return replace(place, object);
  ++keys_;
  if (copied(insert(table, object))) insert(*larger_, object);
}

// Puts `object` where another of the same key stood.
void ObjectIndex::replace(const Place& place, Object& object) {
  place.slot->store(&object, std::memory_order_release);
  if (!copied(*place.bucket)) return;
  // The larger table is nobody's yet: which object a slot names there does not matter to a search
  // by key, as the old one has the same.
  const Place copy = locate(*larger_, object.key(), object.hash());
  WEIR_ASSERT(copy.slot);
  copy.slot->store(&object, std::memory_order_release);
}

void ObjectIndex::unlink(Object& object) {
  Table& table = *table_.load(std::memory_order_relaxed);
  object.indexed_ = false;
  Object* const next = object.next_variant_.load(std::memory_order_relaxed);
  const Place place = locate(table, object.key(), object.hash());
  WEIR_ASSERT(place.slot);
  if (place.object == &object) {
    if (next) return replace(place, *next);
    --keys_;
    if (copied(*place.bucket))
      remove(*larger_, locate(*larger_, object.key(), object.hash()), object.hash());
    return remove(table, place, object.hash());
  }
  Object* before = place.object;
  while (before->next_variant_.load(std::memory_order_relaxed) != &object)
    before = before->next_variant_.load(std::memory_order_relaxed);
  // `object` keeps its own link, for those who stand on it.
  before->next_variant_.store(next, std::memory_order_release);
}

ObjectIndex::Bucket& ObjectIndex::insert(Table& table, Object& object) {
  for (uint64_t at = object.hash();; ++at) {
    Bucket& bucket = bucket_at(table, at);
    const uint64_t tags = bucket.tags.load(std::memory_order_relaxed);
    for (size_t i = 0; i < width; ++i) {
      if (tag_at(tags, i) != 0) continue;
      bucket.objects[i].store(&object, std::memory_order_release);
      bucket.tags.store(with(tags, i, tag_of(object.hash())), std::memory_order_release);
      return bucket;
    }
    const uint8_t overflow = overflow_of(tags);
    if (overflow < UINT8_MAX)
      bucket.tags.store(with(tags, width, static_cast<uint8_t>(overflow + 1)),
                        std::memory_order_release);
  }
}

void ObjectIndex::remove(Table& table, const Place& place, uint64_t hash) {
  const auto slot = static_cast<size_t>(place.slot - place.bucket->objects.data());
  const uint64_t tags = place.bucket->tags.load(std::memory_order_relaxed);
  place.bucket->tags.store(with(tags, slot, 0), std::memory_order_release);
  place.slot->store(nullptr, std::memory_order_release);
  for (uint64_t at = hash; &bucket_at(table, at) != place.bucket; ++at) {
    Bucket& passed = bucket_at(table, at);
    const uint64_t passed_tags = passed.tags.load(std::memory_order_relaxed);
    const uint8_t overflow = overflow_of(passed_tags);
    if (overflow < UINT8_MAX)
      passed.tags.store(with(passed_tags, width, static_cast<uint8_t>(overflow - 1)),
                        std::memory_order_release);
  }
}

void ObjectIndex::copy_some() {
  Table& table = *table_.load(std::memory_order_relaxed);
  for (size_t i = 0; i < copied_at_once && copied_ <= table.mask; ++i, ++copied_) {
    for (std::atomic<Object*>& slot : bucket_at(table, copied_).objects)
      if (Object* object = slot.load(std::memory_order_relaxed)) insert(*larger_, *object);
  }
  if (copied_ <= table.mask) return;
  table_.store(std::exchange(larger_, nullptr), std::memory_order_release);
  limbo_.retire_block(&table, account_);
}

}  // namespace weir::edge::cache
