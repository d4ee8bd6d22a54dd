// What the store promises about memory: the budget holds, whatever comes.
#include <doctest/doctest.h>

#include "base/random.h"
#include "base/units.h"
#include "edge/cache/cache_test_kit.h"

namespace weir::edge::cache {
namespace {

using runtime::Task;

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
      const bool known = random.below(2) == 0;
      if (!fill.publish({.head = "h"}, known ? std::optional(size) : std::nullopt)) {
        co_await w.settle();
        continue;
      }
      (void)fill.append(std::string(size, 'x'));
      (void)fill.complete();
      most = std::max(most, w.store.held_bytes());
      REQUIRE(w.store.held_bytes() <= w.store.budget_bytes());
      if (i % 4 == 0) co_await w.settle();
    }
    CHECK(most > w.store.budget_bytes() * 3 / 4);
    CHECK(w.store.object_count() > 500);
    CHECK(w.counted(removed_decl) > 0);
  });
}

TEST_CASE("many tiny objects and marks are counted with all that they cost") {
  CacheWorld world(1, small_settings());
  world.run([](CacheWorld& w) -> Task<> {
    for (int i = 0; i < 60'000; ++i) {
      const std::string key = "https://example.org/some/path/" + std::to_string(i);
      Fill fill = w.at(0).fill_alone(key, w.store.hash_of(key));
      if (i % 3 == 0) {
        fill.decline(hours(1));
      } else {
        const std::string_view tags[] = {key};
        if (fill.publish({.head = "h", .meta = "0123456789", .tags = tags}, 1)) {
          (void)fill.append("x");
          (void)fill.complete();
        }
      }
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
