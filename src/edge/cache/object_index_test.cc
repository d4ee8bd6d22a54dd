#include "edge/cache/object_index.h"

#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"
#include "edge/cache/key_order.h"
#include "edge/cache/limbo.h"

namespace weir::edge::cache {
namespace {

struct Table {
  ByteAccount account;
  Epochs epochs{1};
  Limbo limbo{epochs};
  ObjectIndex index{account, limbo};

  Object& make(const std::string& key, uint64_t hash, const std::string& variant = {}) {
    Object* object = Object::make(account, {key, hash}, {.variant = variant},
                                  BodyRef::adopt(Body::make(account, 0)));
    REQUIRE(object);
    if (index.wants_to_grow()) index.grow();
    index.push(*object);
    return *object;
  }
  void drop(Object& object) {
    index.unlink(object);
    limbo.retire(object);
  }
};

using Model = std::map<std::string, std::vector<Object*>>;

// Puts an answer in front of the others of its key, or drops one of them.
void change_one(Table& table, std::vector<Object*>& variants, const std::string& key, uint64_t hash,
                Random& random) {
  if (random.below(3) > 0) {
    if (variants.size() < 4) variants.insert(variants.begin(), &table.make(key, hash));
  } else if (!variants.empty()) {
    const size_t which = random.below(variants.size());
    table.drop(*variants[which]);
    variants.erase(variants.begin() + static_cast<ptrdiff_t>(which));
  }
}

bool agrees(const Object* found, const std::vector<Object*>& expected) {
  for (const Object* each : expected) {
    if (found != each) return false;
    found = found->next_variant();
  }
  return !found;
}

}  // namespace

TEST_CASE("the index finds what a map has, while it grows and shrinks") {
  // With hashes as they come, and with few different ones, so that buckets overflow.
  for (const uint64_t hash_mask : {UINT64_MAX, uint64_t{0x7}, uint64_t{0xff'0000'0000'0003}}) {
    CAPTURE(hash_mask);
    Table table;
    Model model;
    Random random(3);
    const int operations = hash_mask == UINT64_MAX ? 60'000 : 3'000;
    for (int i = 0; i < operations; ++i) {
      const std::string key = "key" + std::to_string(random.below(i < operations / 2 ? 5000 : 300));
      const uint64_t h = hash(key, 1) & hash_mask;
      change_one(table, model[key], key, h, random);
      if (i % 1000 == 0) table.limbo.end_step();
      if (i % 97 != 0) continue;
      // Of the many only the first, but for now and then.
      const bool all = hash_mask != UINT64_MAX || i % 9700 == 0;
      const auto end = all ? model.end() : std::next(model.begin());
      for (auto each = model.begin(); each != end; ++each)
        REQUIRE(
            agrees(table.index.find(each->first, hash(each->first, 1) & hash_mask), each->second));
    }
    size_t keys = 0;
    for (auto& [name, variants] : model) {
      keys += !variants.empty();
      for (Object* each : variants)
        table.drop(*each);
      if (!variants.empty()) CHECK(table.index.keys() + 1 <= 5001);
    }
    CHECK(keys > 100);
    CHECK(table.index.keys() == 0);
  }
}

TEST_CASE("a scan comes by every key, also when the table grows meanwhile") {
  Table table;
  std::vector<Object*> objects;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "key" + std::to_string(i);
    objects.push_back(&table.make(key, hash(key, 1)));
  }
  std::map<const Object*, int> seen;
  uint64_t cursor = 0;
  do {
    cursor = table.index.scan(cursor, 10, [&seen](Object& object) { ++seen[&object]; });
    for (int i = 0; i < 100 && objects.size() < 5000; ++i) {
      const std::string key = "more" + std::to_string(objects.size());
      objects.push_back(&table.make(key, hash(key, 1)));
    }
  } while (cursor != 0);
  for (size_t i = 0; i < 1000; ++i)
    CHECK(seen[objects[i]] >= 1);
  for (Object* each : objects)
    table.drop(*each);
}

TEST_CASE("what was retired is freed when the last shard has left its turn, not before") {
  ByteAccount account;
  Epochs epochs(2);
  Limbo limbo(epochs);
  Object* object = Object::make(account, {"k", 1}, {}, BodyRef::adopt(Body::make(account, 0)));
  const uint64_t reading_from = epochs.enter(1);
  limbo.retire(*object);
  limbo.end_step();
  CHECK(!limbo.empty());
  // A shard that began to read afterwards cannot have found it.
  epochs.enter(0);
  epochs.hold_from(1, Epochs::nothing);
  CHECK(reading_from < epochs.now());
  limbo.end_step();
  CHECK(limbo.empty());
  CHECK(account.bytes() == 0);
}

TEST_CASE("the order of keys is that of a sorted list, whatever comes and goes") {
  ByteAccount account;
  KeyOrder order;
  std::multimap<std::string, Object*> model;
  Random random(5);
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "https://a/" + std::to_string(random.below(3000));
    if (random.below(5) < 3) {
      Object* object =
          Object::make(account, {key, hash(key, 1)}, {}, BodyRef::adopt(Body::make(account, 0)));
      order.insert(*object);
      model.emplace(key, object);
    } else if (const auto at = model.lower_bound(key); at != model.end()) {
      order.erase(*at->second);
      at->second->unref();
      model.erase(at);
    }
    if (i % 500 != 0) continue;
    const Object* found = order.at_or_behind(key);
    for (auto expected = model.lower_bound(key); expected != model.end(); ++expected) {
      REQUIRE(found);
      REQUIRE(found->key() == expected->first);
      found = KeyOrder::next(*found);
    }
    REQUIRE(!found);
  }
  for (auto& [key, object] : model) {
    order.erase(*object);
    object->unref();
  }
  CHECK(!order.at_or_behind(""));
  CHECK(account.bytes() == 0);
}

}  // namespace weir::edge::cache
