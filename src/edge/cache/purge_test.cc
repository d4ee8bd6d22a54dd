#include "edge/cache/purge.h"

#include <doctest/doctest.h>

#include "edge/cache/cache_test_kit.h"

namespace weir::edge::cache {
namespace {

using runtime::Task;

PurgeRequest by_key(std::string text) {
  return {.by = PurgeBy::key, .text = std::move(text)};
}
PurgeRequest by_prefix(std::string text) {
  return {.by = PurgeBy::prefix, .text = std::move(text)};
}
PurgeRequest by_tag(std::string text) {
  return {.by = PurgeBy::tag, .text = std::move(text)};
}

Task<> stored_after_purge(CacheWorld& w, PurgeRequest request) {
  Claim lead = co_await w.at(0).claim(w.request("k"), w.soon());
  Fill alone = w.at(1).fill_alone("k", w.store.hash_of("k"));
  CHECK((co_await w.at(0).purge(request, w.soon())).has_value());
  // Who comes now does not wait for what is older than the purge.
  const Claim later = co_await w.at(1).claim(w.request("k"), w.soon());
  CHECK(later.outcome == ClaimOutcome::lead);
  const std::string_view tags[] = {"t"};
  for (Fill* fill : {&lead.fill, &alone}) {
    REQUIRE(fill->publish({.head = "h", .tags = tags}, 0).has_value());
    REQUIRE(fill->complete().has_value());
    co_await w.settle();
    const Object* object = w.find("k");
    CHECK((object != nullptr) == request.soft);
    if (object) CHECK(object->made_stale());
  }
}

}  // namespace

TEST_CASE("a purge by key removes all its variants, on all shards, and nothing else") {
  CacheWorld world(3);
  world.run([](CacheWorld& w) -> Task<> {
    for (const char* variant : {"a", "b", "c"})
      CHECK(co_await w.put({.key = "k", .variant = variant}));
    CHECK(co_await w.put({.key = "k2"}));
    CHECK((co_await w.at(1).purge(by_key("k"), w.soon())) == 3u);
    for (size_t shard = 0; shard < 3; ++shard) {
      CHECK(!w.find("k", shard));
      CHECK(w.find("k2", shard));
    }
    CHECK((co_await w.at(1).purge(by_key("k"), w.soon())) == 0u);
  });
}

TEST_CASE("a purge by prefix removes what begins so") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    for (const char* key : {"https://a/", "https://a/x", "https://a/x/1", "https://a/x/2?q",
                            "https://a/y", "https://b/x", "https://"})
      CHECK(co_await w.put({.key = key}));
    CHECK((co_await w.at(0).purge(by_prefix("https://a/x"), w.soon())) == 3u);
    CHECK(!w.find("https://a/x/1"));
    CHECK(w.find("https://a/y"));
    CHECK((co_await w.at(0).purge(by_prefix(""), w.soon())) == 4u);
    CHECK(w.store.object_count() == 0);
  });
}

TEST_CASE("a purge by tag removes what has the tag, whatever else it has") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    for (int i = 0; i < 100; ++i) {
      const std::string number = "n" + std::to_string(i);
      const std::string parity = i % 2 ? "odd" : "even";
      CHECK(co_await w.put({.key = "k" + std::to_string(i), .tags = {number, parity}}));
    }
    CHECK((co_await w.at(0).purge(by_tag("odd"), w.soon())) == 50u);
    CHECK(!w.find("k1"));
    CHECK(w.find("k2"));
    CHECK((co_await w.at(0).purge(by_tag("n2"), w.soon())) == 1u);
    CHECK((co_await w.at(0).purge(by_tag("n1"), w.soon())) == 0u);
    CHECK((co_await w.at(0).purge(by_tag("od"), w.soon())) == 0u);
    CHECK((co_await w.at(0).purge(by_tag("even"), w.soon())) == 49u);
    CHECK(w.store.object_count() == 0);
  });
}

TEST_CASE("a soft purge leaves what it names, marked stale, and can be repeated") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    for (int i = 0; i < 20; ++i)
      CHECK(co_await w.put({.key = "k" + std::to_string(i), .tags = {"t"}}));
    PurgeRequest request = by_tag("t");
    request.soft = true;
    CHECK((co_await w.at(0).purge(request, w.soon())) == 20u);
    CHECK((co_await w.at(0).purge(request, w.soon())) == 20u);
    REQUIRE(w.find("k3"));
    CHECK(w.find("k3")->made_stale());
    CHECK(co_await w.put({.key = "k3"}));
    CHECK(!w.find("k3")->made_stale());
    request = by_prefix("k");
    request.soft = true;
    CHECK((co_await w.at(0).purge(request, w.soon())) == 20u);
    CHECK(w.find("k3")->made_stale());
  });
}

TEST_CASE("what began to be fetched before a purge is not stored as fresh after it") {
  for (const bool soft : {false, true})
    for (PurgeRequest request : {by_key("k"), by_prefix("k"), by_tag("t")}) {
      CAPTURE(soft);
      CAPTURE(request.text);
      request.soft = soft;
      CacheWorld world(2);
      world.run(stored_after_purge, request);
    }
}
TEST_CASE("a purge removes what is still arriving, and its readers get it to the end") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    Claim lead = co_await w.at(0).claim(w.request("k"), w.soon());
    REQUIRE(lead.fill.publish({.head = "h"}, 6).has_value());
    REQUIRE(lead.fill.append("abc").has_value());
    co_await w.settle();
    BodyReader reader(w.at(1), w.find("k", 1)->body(), 0);
    CHECK((co_await w.at(1).purge(by_prefix("k"), w.soon())) == 1u);
    CHECK(!w.find("k"));
    REQUIRE(lead.fill.append("def").has_value());
    REQUIRE(lead.fill.complete().has_value());
    co_await w.settle();
    CHECK(!w.find("k"));
    CHECK(reader.view() == "abcdef");
  });
}

TEST_CASE("a refresh that began before a purge does not bring the old answer back") {
  CacheWorld world;
  world.run([](CacheWorld& w) -> Task<> {
    CHECK(co_await w.put({.key = "k"}));
    const ObjectRef old(*w.find("k"));
    Fill refresh = w.at(0).fill_alone("k", w.store.hash_of("k"));
    PurgeRequest soft = by_key("k");
    soft.soft = true;
    CHECK((co_await w.at(0).purge(soft, w.soon())) == 1u);
    REQUIRE(refresh.refresh(*old, {.head = "validated before the purge"}).has_value());
    REQUIRE(w.find("k"));
    CHECK(w.find("k")->made_stale());
    const ObjectRef stale(*w.find("k"));
    Fill second = w.at(0).fill_alone("k", w.store.hash_of("k"));
    CHECK((co_await w.at(0).purge(by_key("k"), w.soon())) == 1u);
    REQUIRE(second.refresh(*stale, {.head = "validated before the purge"}).has_value());
    CHECK(!w.find("k"));
  });
}

TEST_CASE("a second soft purge makes nothing stale later than the first") {
  CacheWorld world;
  world.run([](CacheWorld& w) -> Task<> {
    CHECK(co_await w.put({.key = "k"}));
    CHECK(w.find("k")->stale_since() == never);
    PurgeRequest soft = by_key("k");
    soft.soft = true;
    CHECK((co_await w.at(0).purge(soft, w.soon())) == 1u);
    const MonoTime first = w.find("k")->stale_since();
    CHECK(first <= w.at(0).shard().now());
    (void)co_await runtime::sleep(w.at(0).shard().reactor(), w.soon(seconds(5)));
    CHECK((co_await w.at(0).purge(soft, w.soon())) == 1u);
    CHECK(w.find("k")->stale_since() == first);
  });
}

TEST_CASE("what a change stores survives its own purge, and no other since it began") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    const uint64_t hash = w.store.hash_of("k");
    for (const bool purged : {false, true}) {
      CAPTURE(purged);
      const Begun begun = w.at(0).begin_change(hash);
      const Begun another = w.at(1).begin_change(hash);
      CHECK(begun.cause != another.cause);
      if (purged) CHECK((co_await w.at(1).purge(by_key("k"), w.soon())).has_value());
      PurgeRequest own = by_key("k");
      own.cause = begun.cause;
      CHECK((co_await w.at(0).purge(own, w.soon())).has_value());
      Fill fill = w.at(0).fill_alone("k", hash, begun);
      REQUIRE(fill.publish({.head = "h"}, 0).has_value());
      REQUIRE(fill.complete().has_value());
      co_await w.settle();
      CHECK((w.find("k") != nullptr) != purged);
      Fill other = w.at(1).fill_alone("k2", hash, another);
      other.decline(Duration(0));
      CHECK((co_await w.at(0).purge(by_key("k"), w.soon())).has_value());
    }
  });
}

TEST_CASE("more purges than are remembered count as one of everything") {
  PurgeLog log;
  const uint64_t since = log.add(by_key("other"));
  for (size_t i = 0; i < PurgeLog::purges_max; ++i)
    log.add(by_key("other"));
  CHECK(log.verdict({since}, "k", {}, true) == PurgeVerdict::untouched);
  log.add(by_key("other"));
  CHECK(log.verdict({since}, "k", {}, true) == PurgeVerdict::removed);
}

}  // namespace weir::edge::cache
