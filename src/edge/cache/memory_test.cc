// What the store promises about memory: the budget holds, whatever comes.
#include <array>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"
#include "base/units.h"
#include "edge/cache/cache_test_kit.h"
#include "edge/cache/slice.h"

namespace weir::edge::cache {
namespace {

using runtime::Task;

char byte_at(uint64_t offset) {
  return static_cast<char>(offset * 2'654'435'761u >> 13);
}

// A body that cannot be stored, and one who reads it by small steps.
struct Passing {
  bool written = false, read = false, right = true;

  static Task<> write(ShardStore& store, std::string key, uint64_t bytes, Passing& passing) {
    Fill fill = store.fill_alone(key, store.store().hash_of(key));
    const runtime::Wait wait{after(store.shard().now(), minutes(30)), nullptr};
    while (!fill.publish({.head = "h"}, std::nullopt))
      (void)co_await runtime::sleep(store.shard().reactor(),
                                    {after(store.shard().now(), milliseconds(10)), nullptr});
    store.shard().background().spawn(follow(store, ObjectRef(*fill.object()), passing));
    std::string piece;
    for (uint64_t at = 0; at < bytes; at += piece.size()) {
      piece.resize(std::min<uint64_t>(bytes - at, 30'000));
      for (size_t i = 0; i < piece.size(); ++i)
        piece[i] = byte_at(at + i);
      if (!co_await fill.append_all(piece, wait)) co_return;
      CHECK(store.store().held_bytes() <= store.store().budget_bytes());
      CHECK(store.store().filling_bytes() <= store.store().fill_budget());
    }
    passing.written = fill.complete().has_value();
  }
  static Task<> follow(ShardStore& store, ObjectRef object, Passing& passing) {
    BodyReader reader(store, object->body(), 0);
    while (!reader.at_end()) {
      if (reader.view().empty()) {
        if (!co_await reader.more({after(store.shard().now(), minutes(30)), nullptr})) co_return;
        continue;
      }
      const std::string_view piece = reader.view().substr(0, 20'000);
      (void)co_await runtime::sleep(store.shard().reactor(),
                                    {after(store.shard().now(), milliseconds(5)), nullptr});
      for (size_t i = 0; i < piece.size(); ++i)
        passing.right = passing.right && piece[i] == byte_at(reader.position() + i);
      reader.advance(piece.size());
    }
    passing.read = true;
  }
};

void store_one_byte(Fill& fill, const std::string& key) {
  const std::string_view tags[] = {key};
  if (!fill.publish({.head = "h", .meta = "0123456789", .tags = tags}, 1)) return;
  (void)fill.append("x");
  (void)fill.complete();
}

// Whether there was room for a body of so many bytes; with its length said beforehand, or not.
bool store_bytes(Fill& fill, uint64_t size, bool known) {
  if (!fill.publish({.head = "h"}, known ? std::optional(size) : std::nullopt)) return false;
  (void)fill.append(std::string(size, 'x'));
  (void)fill.complete();
  return true;
}

StoreSettings small_settings() {
  StoreSettings settings = test_settings(8 * MiB);
  settings.fill_share = 0.125;
  return settings;
}

}  // namespace

TEST_CASE("the budget holds under any mixture of sizes, and is used") {
  CacheWorld world(2, small_settings());
  world.run([](CacheWorld& w) -> Task<> {
    Random random(11);
    uint64_t most = 0;
    for (int i = 0; i < 6000; ++i) {
      const uint64_t size = random.below(100) == 0 ? random.below(400'000) : random.below(8000);
      Fill fill =
          w.at(static_cast<size_t>(i % 2))
              .fill_alone("key" + std::to_string(i), w.store.hash_of("key" + std::to_string(i)));
      const bool stored = store_bytes(fill, size, random.below(2) == 0);
      most = std::max(most, w.store.held_bytes());
      REQUIRE(w.store.held_bytes() <= w.store.budget_bytes());
      if (!stored || i % 4 == 0) co_await w.settle();
    }
    CHECK(most > w.store.budget_bytes() * 3 / 4);
    CHECK(w.store.object_count() > 500);
    CHECK(w.counted(removed_decl) > 0);
  });
}

TEST_CASE("a large body that is purged ends piece by piece, once nobody reads it") {
  CacheWorld world(1, test_settings(128 * MiB));
  world.run([](CacheWorld& w) -> Task<> {
    constexpr uint64_t bytes = 10 * MiB;
    const uint64_t nothing = w.store.held_bytes();
    CHECK(co_await w.put({.key = "large", .body = std::string(bytes, 'x')}));
    std::optional<ObjectRef> reader(*w.find("large"));
    CHECK(co_await w.at(0).purge({.by = PurgeBy::key, .text = "large"}, w.soon()) == 1u);
    co_await w.settle();
    CHECK((*reader)->body().view(bytes - 1) == "x");
    CHECK(w.store.held_bytes() >= bytes);
    reader.reset();
    CHECK(w.store.held_bytes() >= bytes);
    co_await NextTurn{w.at(0).shard().reactor()};
    CHECK(w.store.held_bytes() > bytes * 3 / 4);
    for (int i = 0; i < 10; ++i)
      co_await w.settle();
    CHECK(w.store.held_bytes() < nothing + bytes / 100);
  });
}

TEST_CASE("a large body that takes the place of small objects evicts a few hundred at a time") {
  CacheWorld world(1, test_settings(32 * MiB));
  world.run([](CacheWorld& w) -> Task<> {
    for (int i = 0; i < 20'000; ++i) {
      const std::string key = "small" + std::to_string(i);
      Fill small = w.at(0).fill_alone(key, w.store.hash_of(key));
      CHECK(small.publish({.head = "h"}, 1000).has_value());
      CHECK(small.append(std::string(1000, 'x')).has_value());
      CHECK(small.complete().has_value());
      if (i % 100 == 0) co_await w.settle();
    }
    const uint64_t before = w.store.object_count();
    Fill large = w.at(0).fill_alone("large", w.store.hash_of("large"));
    constexpr uint64_t bytes = 2 * MiB;
    CHECK(large.publish({.head = "h"}, bytes).has_value());
    CHECK((co_await large.append_all(std::string(bytes, 'x'), w.soon())).has_value());
    CHECK(large.complete().has_value());
    CHECK(w.store.object_count() + 600 > before);
    for (int i = 0; i < 10; ++i)
      co_await w.settle();
    CHECK(w.store.object_count() + 1000 < before);
    CHECK(w.find("large"));
    CHECK(w.store.held_bytes() <= w.store.budget_bytes());
  });
}

TEST_CASE("many tiny objects and marks are counted with all that they cost") {
  CacheWorld world(1, small_settings());
  world.run([](CacheWorld& w) -> Task<> {
    for (int i = 0; i < 60'000; ++i) {
      const std::string key = "https://example.org/some/path/" + std::to_string(i);
      Fill fill = w.at(0).fill_alone(key, w.store.hash_of(key));
      if (i % 3 == 0)
        fill.decline(hours(1));
      else
        store_one_byte(fill, key);
      REQUIRE(w.store.held_bytes() <= w.store.budget_bytes());
      if (i % 64 == 0) co_await w.settle();
    }
    CHECK(w.store.object_count() > 5000);
    CHECK((co_await w.at(0).purge({.by = PurgeBy::prefix, .text = ""}, w.soon())).has_value());
    co_await w.settle();
    CHECK(w.store.object_count() == 0);
    // What stays: the index as large as it has grown, ghosts, the tables of tags.
    CHECK(w.store.held_bytes() < 2 * MiB);
  });
}

TEST_CASE("an object as large as is allowed is stored into a full cache") {
  CacheWorld world(1, small_settings());
  world.run([](CacheWorld& w) -> Task<> {
    for (int i = 0; i < 1000; ++i)
      (void)co_await w.put({.key = "k" + std::to_string(i), .body = std::string(10'000, 'x')});
    const std::string large(w.store.object_bytes_max(), 'x');
    CHECK(co_await w.put({.key = "large", .body = large}));
    REQUIRE(w.find("large"));
    CHECK(w.find("large")->body().state() == BodyState::complete);
    CHECK(w.store.filling_bytes() == 0);
  });
}

TEST_CASE("what is arriving is bounded by its share: more is passed on, not stored") {
  CacheWorld world(1, small_settings());
  world.run([](CacheWorld& w) -> Task<> {
    std::vector<Fill> fills;
    for (int i = 0; i < 30; ++i) {
      const std::string key = "k" + std::to_string(i);
      Fill fill = w.at(0).fill_alone(key, w.store.hash_of(key));
      if (!fill.publish({.head = "h"}, 100'000)) break;
      REQUIRE(fill.append(std::string(50'000, 'x')).has_value());
      fills.push_back(std::move(fill));
    }
    CHECK(fills.size() >= 8);
    CHECK(fills.size() <= 10);
    CHECK(w.store.filling_bytes() <= 1 * MiB);
    fills.clear();
    co_await w.settle();
    CHECK(w.store.filling_bytes() == 0);
    CHECK(co_await w.put({.key = "now", .body = std::string(100'000, 'x')}));
  });
}

TEST_CASE("what is not stored passes through to slow readers, all of it, within the same memory") {
  StoreSettings settings = test_settings(1 * MiB);
  settings.fill_share = 0.125;
  CacheWorld world(2, settings);
  world.run([](CacheWorld& w) -> Task<> {
    // A full cache, so that nothing is hidden by what is free.
    for (int i = 0; i < 300; ++i)
      (void)co_await w.put({.key = "k" + std::to_string(i), .body = std::string(5000, 'x')});
    std::array<Passing, 12> passing;
    for (size_t i = 0; i < passing.size(); ++i)
      w.at(i % 2).shard().background().spawn(
          Passing::write(w.at(i % 2), "p" + std::to_string(i), 3'000'000, passing[i]));
    (void)co_await runtime::sleep(w.at(0).shard().reactor(), w.soon(minutes(20)));
    for (const Passing& each : passing) {
      CHECK(each.written);
      CHECK(each.read);
      CHECK(each.right);
    }
    CHECK(w.store.filling_bytes() == 0);
  });
}

TEST_CASE("what was evicted and is still being sent stays in the budget") {
  CacheWorld world(1, small_settings());
  world.run([](CacheWorld& w) -> Task<> {
    std::vector<ObjectRef> sent;
    for (int i = 0; i < 3000; ++i) {
      const std::string key = "k" + std::to_string(i);
      (void)co_await w.put({.key = key, .body = std::string(10'000, 'x')});
      if (const Object* object = w.find(key); object && i % 2 == 0) sent.emplace_back(*object);
      REQUIRE(w.store.held_bytes() <= w.store.budget_bytes());
    }
    CHECK(sent.size() > 300);
    CHECK(w.counted(not_stored_decl) > 0);
    sent.clear();
    CHECK(co_await w.put({.key = "after", .body = std::string(10'000, 'x')}));
    CHECK(w.find("after"));
  });
}

namespace {

// Keys of one shard's partition alone.
struct Skewed {
  CacheWorld& world;
  size_t shard;
  int next = 0;

  std::string key() {
    for (;;) {
      std::string key = "s" + std::to_string(next++);
      if (world.store.owner_of(world.store.hash_of(key)) == shard) return key;
    }
  }
  Task<std::vector<std::string>> put(int count) {
    std::vector<std::string> keys;
    for (int i = 0; i < count; ++i) {
      keys.push_back(key());
      (void)co_await world.put({.key = keys.back(), .body = std::string(4000, 'x')});
      REQUIRE(world.store.held_bytes() <= world.store.budget_bytes());
    }
    co_return keys;
  }
  uint64_t bytes() const { return world.store.partition(shard).bytes(); }
  int found(const std::vector<std::string>& keys) {
    int count = 0;
    for (const std::string& each : keys)
      count += world.find(each) != nullptr;
    return count;
  }
};

}  // namespace

TEST_CASE("a partition uses what others do not need, and gives it back to whoever asks") {
  CacheWorld world(4, test_settings(8 * MiB));
  world.run([](CacheWorld& w) -> Task<> {
    constexpr uint64_t whole = 6 * MiB, fair = whole / 4;
    Skewed first{w, 0}, second{w, 1}, third{w, 2};
    // Twice its share: all of it stays.
    const std::vector<std::string> hot = co_await first.put(650);
    CHECK(first.bytes() > fair * 3 / 2);
    CHECK(first.found(hot) == 650);
    (void)co_await first.put(1500);
    CHECK(first.bytes() > whole * 7 / 10);
    (void)co_await second.put(1000);
    CHECK(second.bytes() > fair * 9 / 10);
    CHECK(first.bytes() < whole - fair);
    // A third one gets its share from the first, not from the second.
    (void)co_await third.put(1000);
    CHECK(third.bytes() > fair * 9 / 10);
    CHECK(second.bytes() > fair * 8 / 10);
    // What is no longer used is free for the others.
    CHECK((co_await w.at(0).purge({.by = PurgeBy::prefix, .text = ""}, w.soon())).has_value());
    for (int i = 0; i < 600; ++i)
      co_await w.settle();
    (void)co_await third.put(2000);
    CHECK(third.bytes() > whole * 7 / 10);
  });
}

TEST_CASE("a scan of things asked for once does not push out what is used") {
  CacheWorld world(1, small_settings());
  world.run([](CacheWorld& w) -> Task<> {
    const std::string body(4000, 'x');
    for (int i = 0; i < 200; ++i)
      CHECK(co_await w.put({.key = "used" + std::to_string(i), .body = body}));
    for (int i = 0; i < 10'000; ++i) {
      if (i % 5 == 0)
        if (const Object* used = w.find("used" + std::to_string(i / 5 % 200))) used->touch();
      (void)co_await w.put({.key = "once" + std::to_string(i), .body = body});
    }
    int kept = 0;
    for (int i = 0; i < 200; ++i)
      kept += w.find("used" + std::to_string(i)) != nullptr;
    CHECK(kept > 190);
  });
}

}  // namespace weir::edge::cache
