#include "edge/cache/shard_store.h"

#include <doctest/doctest.h>

#include "edge/cache/cache_test_kit.h"

namespace weir::edge::cache {
namespace {

using runtime::Task;

// A claim that runs beside the test.
struct Waiting {
  Claim claim{};
  bool done = false;
};
Task<> wait_for(ShardStore& store, ClaimRequest request, runtime::Wait wait, Waiting& result) {
  result.claim = co_await store.claim(request, wait);
  result.done = true;
}

// So many claims of "k" on that shard.
void spawn_claims(CacheWorld& w, size_t shard, std::span<Waiting> herd) {
  ShardStore& store = w.at(shard);
  for (Waiting& each : herd)
    store.shard().background().spawn(wait_for(store, w.request("k"), w.soon(), each));
}

std::string text_of(const Object& object) {
  std::string text;
  while (true) {
    const std::string_view view = object.body().view(text.size());
    if (view.empty()) return text;
    text += view;
  }
}

}  // namespace

TEST_CASE("what one shard stored is found on every shard") {
  CacheWorld world(3);
  world.run([](CacheWorld& w) -> Task<> {
    for (const char* key : {"https://a/1", "https://a/2", "https://a/3", "https://a/4"})
      CHECK(co_await w.put({.key = key, .body = key, .shard = 1}));
    for (size_t shard = 0; shard < 3; ++shard)
      for (const char* key : {"https://a/1", "https://a/2", "https://a/3", "https://a/4"}) {
        const Object* object = w.find(key, shard);
        REQUIRE(object);
        CHECK(object->head() == "head");
        CHECK(object->meta() == "meta");
        CHECK(object->body().has_whole());
        CHECK(object->body().whole() == key);
      }
    CHECK(!w.find("https://a/5"));
  });
}

TEST_CASE("one of a herd fetches, on any shard, and the rest gets its answer while it arrives") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    const ClaimRequest request = w.request("https://a/x");
    std::array<Waiting, 20> herd;
    for (size_t i = 0; i < herd.size(); ++i) {
      ShardStore& store = w.at(i % 2);
      store.shard().background().spawn(wait_for(store, request, w.soon(), herd[i]));
    }
    co_await w.settle();
    Waiting* leader = nullptr;
    for (Waiting& each : herd) {
      if (!each.done) continue;
      CHECK(!leader);
      leader = &each;
    }
    REQUIRE(leader);
    REQUIRE(leader->claim.outcome == ClaimOutcome::lead);
    Fill& fill = leader->claim.fill;
    REQUIRE(fill.publish({.head = "h"}, 10).has_value());
    REQUIRE(fill.append("01234").has_value());
    co_await w.settle();
    for (Waiting& each : herd) {
      REQUIRE(each.done);
      if (&each == leader) continue;
      CHECK(each.claim.outcome == ClaimOutcome::ready);
      CHECK(text_of(*each.claim.object) == "01234");
    }
    CHECK(w.find("https://a/x", 1)->body().state() == BodyState::filling);
    REQUIRE(fill.append("56789").has_value());
    REQUIRE(fill.complete().has_value());
    CHECK(w.find("https://a/x")->body().whole() == "0123456789");
  });
}

TEST_CASE("a claim with an old view is told to look again") {
  CacheWorld world;
  world.run([](CacheWorld& w) -> Task<> {
    ClaimRequest request = w.request("k");
    CHECK(co_await w.put({.key = "k"}));
    CHECK((co_await w.at(0).claim(request, w.soon())).outcome == ClaimOutcome::look_again);
    request = w.request("k");
    CHECK((co_await w.at(0).claim(request, w.soon())).outcome == ClaimOutcome::lead);
  });
}

TEST_CASE("claims of other variants of a key do not wait for each other") {
  CacheWorld world;
  world.run([](CacheWorld& w) -> Task<> {
    const Claim a = co_await w.at(0).claim(w.request("k", "gzip"), w.soon());
    const Claim b = co_await w.at(0).claim(w.request("k", "br"), w.soon());
    CHECK(a.outcome == ClaimOutcome::lead);
    CHECK(b.outcome == ClaimOutcome::lead);
  });
}

TEST_CASE("an answer that may not be stored sends those who wait on alone, and is remembered") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    Claim lead = co_await w.at(0).claim(w.request("k"), w.soon());
    std::array<Waiting, 3> herd;
    spawn_claims(w, 1, herd);
    co_await w.settle();
    lead.fill.decline(seconds(60));
    co_await w.settle();
    for (Waiting& each : herd)
      CHECK(each.claim.outcome == ClaimOutcome::alone);
    const Object* mark = w.find("k", 1);
    REQUIRE(mark);
    CHECK(mark->uncacheable(w.at(0).shard().now()));
    CHECK((co_await w.at(0).claim(w.request("k"), w.soon())).outcome == ClaimOutcome::alone);
    (void)co_await runtime::sleep(w.at(0).shard().reactor(), w.soon(seconds(61)));
    CHECK((co_await w.at(0).claim(w.request("k"), w.soon())).outcome == ClaimOutcome::lead);
    // A later answer that may be stored takes the mark's place.
    CHECK(co_await w.put({.key = "k"}));
    CHECK(w.find("k")->kind() == ObjectKind::answer);
    CHECK(!w.find("k")->next_variant());
  });
}

TEST_CASE("what could not be stored for one reason does not bind a claim of the other kind") {
  CacheWorld world;
  world.run([](CacheWorld& w) -> Task<> {
    Claim lead = co_await w.at(0).claim(w.request("k"), w.soon());
    lead.fill.decline(seconds(60), "personal");
    ClaimRequest free = w.request("k");
    for (const char* other : {"", "private"}) {
      free.unbound_by = other;
      CHECK((co_await w.at(0).claim(free, w.soon())).outcome == ClaimOutcome::alone);
    }
    free.unbound_by = "personal";
    CHECK((co_await w.at(0).claim(free, w.soon())).outcome == ClaimOutcome::lead);
  });
}

TEST_CASE("an answer that says nothing of the others' is asked for by one of them, then by each") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    Claim lead = co_await w.at(0).claim(w.request("k"), w.soon());
    std::array<Waiting, 3> herd;
    spawn_claims(w, 1, herd);
    co_await w.settle();
    lead.fill.decline(Duration(0), "", OnFailure::hand_on);
    co_await w.settle();
    REQUIRE(herd[0].claim.outcome == ClaimOutcome::lead);
    CHECK(!herd[1].done);
    herd[0].claim.fill.decline(Duration(0), "", OnFailure::hand_on);
    co_await w.settle();
    CHECK(herd[1].claim.outcome == ClaimOutcome::alone);
    CHECK(herd[2].claim.outcome == ClaimOutcome::alone);
    CHECK(!w.find("k"));
  });
}

TEST_CASE("a failed fetch is tried once more by one who waits, then all are told") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    Claim first = co_await w.at(0).claim(w.request("k"), w.soon());
    std::array<Waiting, 5> herd;
    spawn_claims(w, 1, herd);
    co_await w.settle();
    first.fill.fail({ErrorCode::reset, "origin broke off"}, OnFailure::hand_on);
    co_await w.settle();
    REQUIRE(herd[0].done);
    CHECK(herd[0].claim.outcome == ClaimOutcome::lead);
    CHECK(!herd[1].done);
    // Dropped without a word, as when a coroutine is cancelled.
    {
      const Fill dropped = std::move(herd[0].claim.fill);
    }
    co_await w.settle();
    for (size_t i = 1; i < herd.size(); ++i)
      CHECK(herd[i].claim.outcome == ClaimOutcome::failed);
    CHECK((co_await w.at(0).claim(w.request("k"), w.soon())).outcome == ClaimOutcome::lead);
  });
}

TEST_CASE("a duty that comes to somebody who has stopped waiting goes on to the next") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    Claim first = co_await w.at(0).claim(w.request("k"), w.soon());
    Waiting impatient, patient;
    w.at(1).shard().background().spawn(
        wait_for(w.at(1), w.request("k"), w.soon(milliseconds(20)), impatient));
    co_await w.settle();
    w.at(1).shard().background().spawn(wait_for(w.at(1), w.request("k"), w.soon(), patient));
    co_await w.settle();
    CHECK(impatient.claim.outcome == ClaimOutcome::timed_out);
    first.fill.fail({ErrorCode::reset, "origin broke off"}, OnFailure::hand_on);
    co_await w.settle();
    // The attempt that nobody made counts, so that the search for a successor is bounded.
    CHECK(patient.done);
    CHECK(patient.claim.outcome == ClaimOutcome::failed);
  });
}

TEST_CASE("too many who wait, and too many fetches, are refused") {
  StoreSettings settings = test_settings();
  settings.waiting_max = 2;
  settings.fills_max = 1;
  CacheWorld world(1, settings);
  world.run([](CacheWorld& w) -> Task<> {
    Claim lead = co_await w.at(0).claim(w.request("k"), w.soon());
    std::array<Waiting, 2> herd;
    spawn_claims(w, 0, herd);
    CHECK((co_await w.at(0).claim(w.request("k"), w.soon())).outcome == ClaimOutcome::overloaded);
    CHECK((co_await w.at(0).claim(w.request("l"), w.soon())).outcome == ClaimOutcome::overloaded);
    CHECK(!herd[0].done);
    lead.fill.fail({ErrorCode::reset, "origin broke off"}, OnFailure::share);
    co_await w.settle();
    CHECK(herd[0].done);
    CHECK(herd[1].done);
  });
}

TEST_CASE("a body that breaks off is never found again, and its readers hear of it") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    Claim lead = co_await w.at(0).claim(w.request("k"), w.soon());
    REQUIRE(lead.fill.publish({.head = "h"}, 100).has_value());
    REQUIRE(lead.fill.append("begin").has_value());
    co_await w.settle();
    BodyReader reader(w.at(1), w.find("k", 1)->body(), 0);
    CHECK(reader.view() == "begin");
    reader.advance(5);
    lead.fill.fail({ErrorCode::reset, "origin broke off"}, OnFailure::share);
    const Result<> more = co_await reader.more(w.soon());
    REQUIRE(!more);
    CHECK(more.error().code == ErrorCode::reset);
    co_await w.settle();
    CHECK(!w.find("k"));
  });
}

TEST_CASE("what was published is found by every shard once that is settled") {
  CacheWorld world(3);
  world.run([](CacheWorld& w) -> Task<> {
    for (int i = 0; i < 30; ++i) {
      const std::string key = "k" + std::to_string(i);
      const uint64_t hash = w.store.hash_of(key);
      Fill fill = w.at(0).fill_alone(key, hash);
      REQUIRE(fill.publish({.head = "h"}, 1).has_value());
      (void)w.at(w.store.owner_of(hash));
      REQUIRE((co_await w.at(0).settled(hash, w.soon())).has_value());
      for (size_t shard = 0; shard < 3; ++shard)
        CHECK(w.find(key, shard) != nullptr);
      REQUIRE(fill.append("x").has_value());
      REQUIRE(fill.complete().has_value());
    }
    co_await w.settle();
  });
}

TEST_CASE("a body shorter or longer than promised is not stored") {
  CacheWorld world;
  world.run([](CacheWorld& w) -> Task<> {
    Fill shorter = w.at(0).fill_alone("s", w.store.hash_of("s"));
    REQUIRE(shorter.publish({.head = "h"}, 10).has_value());
    REQUIRE(shorter.append("123").has_value());
    CHECK(!shorter.complete().has_value());
    CHECK(!w.find("s"));
    Fill longer = w.at(0).fill_alone("l", w.store.hash_of("l"));
    REQUIRE(longer.publish({.head = "h"}, 2).has_value());
    CHECK(longer.append("123").error().code == ErrorCode::invalid);
    longer.fail({ErrorCode::invalid, "too long"}, OnFailure::share);
    CHECK(!w.find("l"));
    co_return;
  });
}

TEST_CASE("a new head for a body that is there shares its bytes") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    CHECK(co_await w.put({.key = "k", .body = "the body"}));
    const uint64_t held = w.store.held_bytes();
    const ObjectRef old(*w.find("k"));
    Fill fill = w.at(1).fill_alone("k", w.store.hash_of("k"));
    REQUIRE(fill.refresh(*old, {.head = "newer head"}).has_value());
    co_await w.settle();
    REQUIRE(w.find("k"));
    CHECK(w.find("k")->head() == "newer head");
    CHECK(&w.find("k")->body() == &old->body());
    CHECK(!w.find("k")->next_variant());
    // Not of something that is no longer stored.
    Fill late = w.at(0).fill_alone("k", w.store.hash_of("k"));
    REQUIRE(late.refresh(*old, {.head = "too late"}).has_value());
    co_await w.settle();
    CHECK(w.find("k")->head() == "newer head");
    CHECK(w.store.held_bytes() < held + 2048);
  });
}

TEST_CASE("variants of a key stand behind each other, newest first, and are bounded") {
  CacheWorld world;
  world.run([](CacheWorld& w) -> Task<> {
    for (int i = 0; i < 10'000; ++i) {
      Fill fill = w.at(0).fill_alone("k", w.store.hash_of("k"));
      REQUIRE(fill.publish({.variant = std::to_string(i), .head = "h"}, 0).has_value());
      REQUIRE(fill.complete().has_value());
    }
    int expected = 9'999;
    for (const Object* each = w.find("k"); each; each = each->next_variant())
      CHECK(each->variant() == std::to_string(expected--));
    CHECK(expected == 9'999 - 8);
    CHECK(w.store.object_count() == 8);
    // An equal one is replaced.
    CHECK(co_await w.put({.key = "k", .body = "new", .variant = "9995"}));
    CHECK(w.find("k")->body().whole() == "new");
    CHECK(w.store.object_count() == 8);
  });
}

TEST_CASE("a pin keeps what was evicted or purged, for a while without a count, then with one") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    CHECK(co_await w.put({.key = "k", .body = "kept"}));
    const Object* object = w.find("k", 1);
    const uint32_t references = object->references();
    std::vector<Pin> pins;
    for (int i = 0; i < 3; ++i)
      pins.emplace_back(w.at(1), *object);
    CHECK(object->references() == references);
    CHECK((co_await w.at(0).purge({.by = PurgeBy::key, .text = "k"}, w.soon())) == 1u);
    co_await w.settle();
    CHECK(!w.find("k"));
    // The purge let go of its reference; the pins have become counted.
    CHECK(object->references() == pins.size());
    CHECK(pins[0]->body().whole() == "kept");
    const uint64_t held = w.store.held_bytes();
    Pin moved = std::move(pins[1]);
    pins.clear();
    CHECK(moved->references() == 1);
    moved.release();
    CHECK(w.store.held_bytes() < held);
  });
}

TEST_CASE("what was read by a shard that then sleeps is freed all the same") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    CHECK(co_await w.put({.key = "k", .body = std::string(100'000, 'x')}));
    CHECK(w.find("k", 1));
    CHECK(w.find("k", 0));
    const uint64_t before = w.store.held_bytes();
    CHECK((co_await w.at(0).purge({.by = PurgeBy::key, .text = "k"}, w.soon())) == 1u);
    co_await w.settle();
    CHECK(w.store.held_bytes() + 100'000 <= before);
  });
}

TEST_CASE("a key is explained by its owner: variants, heat, who waits") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    CHECK(co_await w.put({.key = "k", .body = "12345", .variant = "v", .tags = {"t1", "t2"}}));
    w.find("k")->touch();
    const Claim lead = co_await w.at(1).claim(w.request("k", "other"), w.soon());
    const auto report = co_await w.at(1).explain("k", w.soon());
    REQUIRE(report.has_value());
    CHECK(report->owner == w.store.owner_of(w.store.hash_of("k")));
    REQUIRE(report->variants.size() == 1);
    CHECK(report->variants[0].variant == "v");
    CHECK(report->variants[0].meta == "meta");
    CHECK(report->variants[0].body_bytes == 5);
    CHECK(report->variants[0].heat == 1);
    CHECK(report->variants[0].tags == std::vector<std::string>{"t1", "t2"});
    CHECK(report->variants[0].queue == PolicyQueue::small);
    REQUIRE(report->fills.size() == 1);
    CHECK(report->fills[0].variant == "other");
    co_await w.settle();
  });
}

TEST_CASE("the hottest keys of all shards come first") {
  CacheWorld world(3);
  world.run([](CacheWorld& w) -> Task<> {
    for (int i = 0; i < 300; ++i)
      CHECK(co_await w.put({.key = "k" + std::to_string(i)}));
    for (const char* key : {"k7", "k100", "k250"})
      for (int hits = 0; hits < 3; ++hits)
        w.find(key)->touch();
    const auto hottest = co_await w.at(0).hottest(4, w.soon());
    REQUIRE(hottest.has_value());
    REQUIRE(hottest->size() == 4);
    CHECK((*hottest)[0].key == "k100");
    CHECK((*hottest)[1].key == "k250");
    CHECK((*hottest)[2].key == "k7");
    CHECK((*hottest)[3].heat == 0);
    CHECK((co_await w.at(0).hottest(1000, w.soon()))->size() == 300);
  });
}

}  // namespace weir::edge::cache
