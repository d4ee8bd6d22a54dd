// Several real threads on one store, with everything at once. Every body says which key it is of
// and which fill wrote it, in each of its lines, so that a torn, mixed or freed one shows; built
// with ThreadSanitizer it also shows what is not ordered.
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "base/random.h"
#include "base/units.h"
#include "edge/cache/cache_test_kit.h"
#include "edge/cache/slice.h"
#include "runtime/threads.h"

namespace weir::edge::cache {
namespace {

using runtime::Shard;
using runtime::Task;

constexpr size_t shards = 3, keys = 60;
constexpr int rounds = 400;

struct Shared {
  Store store;
  telemetry::Registry registry{shards};
  std::atomic<int> ready{0};
  std::atomic<uint64_t> writer{1};
  std::atomic<uint64_t> hits{0}, fills{0}, purged{0}, wrong{0};
};

std::string line_of(std::string_view key, uint64_t writer) {
  return std::string(key) + " " + std::to_string(writer) + "\n";
}

// Each line like the first, and the first of that key. What is there of a last one may be cut.
bool sound(std::string_view bytes, std::string_view key, bool whole) {
  const size_t end = bytes.find('\n');
  if (end == bytes.npos) return !whole || bytes.empty();
  const std::string_view line = bytes.substr(0, end + 1);
  if (!line.starts_with(key) || line[key.size()] != ' ') return false;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(line.size(), bytes.size())))
    if (!line.starts_with(bytes.substr(0, line.size()))) return false;
  return true;
}

std::string key_of(Random& random) {
  // Few of them are asked for often.
  return "k" + std::to_string(random.below(random.below(2) ? 5 : keys));
}

Task<> fill_it(ShardStore& store, Fill fill, std::string key, Shared& shared, uint64_t seed) {
  Random random(seed);
  const std::string line = line_of(key, shared.writer.fetch_add(1));
  std::string body;
  const uint64_t size = random.below(20) == 0 ? 300'000 : random.below(6000);
  while (body.size() < size)
    body += line;
  const std::string_view tags[] = {"all", random.below(2) ? "even" : "odd"};
  const bool known = random.below(2) == 0;
  const ObjectDraft draft{.head = key, .tags = tags};
  if (!fill.publish(draft, known ? std::optional(body.size()) : std::nullopt)) {
    fill.decline(milliseconds(1));
    co_return;
  }
  for (std::string_view rest = body; !rest.empty();) {
    const size_t n = std::min<size_t>(rest.size(), 1 + random.below(50'000));
    const runtime::Wait wait{after(store.shard().now(), seconds(20)), nullptr};
    if (!co_await fill.append_all(rest.substr(0, n), wait)) co_return;
    rest.remove_prefix(n);
    if (random.below(30) == 0) co_return;  // breaks off
    co_await NextTurn{store.shard().reactor()};
  }
  if (fill.complete()) shared.fills.fetch_add(1, std::memory_order_relaxed);
}

Task<> read_it(ShardStore& store, const Object& object, Shared& shared) {
  const Pin pin(store, object);
  const std::string key(object.key());
  BodyReader reader(store, object.body(), 0);
  std::string got;
  while (!reader.at_end()) {
    if (reader.view().empty()) {
      const runtime::Wait wait{after(store.shard().now(), seconds(20)), nullptr};
      if (!co_await reader.more(wait)) break;
      continue;
    }
    got += reader.view();
    co_await NextTurn{store.shard().reactor()};
    reader.advance(got.size() - reader.position());
  }
  if (!sound(got, key, reader.at_end()) || pin->head() != key) shared.wrong.fetch_add(1);
}

Task<> ask(ShardStore& store, std::string key, Shared& shared, uint64_t seed) {
  const uint64_t hash = shared.store.hash_of(key);
  const Object* object = store.find(key, hash);
  if (object && object->kind() == ObjectKind::answer) {
    object->touch();
    shared.hits.fetch_add(1, std::memory_order_relaxed);
    co_await read_it(store, *object, shared);
    co_return;
  }
  const runtime::Wait wait{after(store.shard().now(), seconds(20)), nullptr};
  const ClaimRequest request{.key = key, .hash = hash, .seen = object ? object->stamp() : 0};
  Claim claim = co_await store.claim(request, wait);
  if (claim.outcome == ClaimOutcome::lead)
    co_await fill_it(store, std::move(claim.fill), key, shared, seed);
  else if (claim.outcome == ClaimOutcome::ready)
    co_await read_it(store, *claim.object, shared);
  else if (claim.outcome == ClaimOutcome::timed_out)
    shared.wrong.fetch_add(1);
}

Task<> purge_some(ShardStore& store, Random& random, Shared& shared) {
  const runtime::Wait wait{after(store.shard().now(), seconds(20)), nullptr};
  PurgeRequest request{.by = static_cast<PurgeBy>(random.below(3)), .text = "k1"};
  if (request.by == PurgeBy::tag) request.text = random.below(2) ? "even" : "odd";
  request.soft = random.below(4) == 0;
  const auto purged = co_await store.purge(request, wait);
  if (!purged) shared.wrong.fetch_add(1);
  shared.purged.fetch_add(purged.value_or(0), std::memory_order_relaxed);
}

Task<> work(ShardStore& store, Shared& shared, runtime::Scope& scope) {
  Random random(store.index() + 1);
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < 8; ++i)
      scope.spawn(ask(store, key_of(random), shared, random()));
    if (round % 16 == 0) co_await purge_some(store, random, shared);
    if (round % 100 == 0) {
      const runtime::Wait wait{after(store.shard().now(), seconds(20)), nullptr};
      (void)co_await store.hottest(10, wait);
      (void)co_await store.explain("k1", wait);
    }
    if (shared.store.held_bytes() > shared.store.budget_bytes()) shared.wrong.fetch_add(1);
    co_await NextTurn{store.shard().reactor()};
  }
}

// All begin when every store is there, and none ends before all have done.
Task<> meet(Shard& shard, std::atomic<int>& count, int wanted) {
  count.fetch_add(1);
  while (count.load() < wanted)
    (void)co_await runtime::sleep(shard.reactor(), {after(shard.now(), milliseconds(1)), nullptr});
}

Task<> shard_main(Shard& shard, Shared& shared) {
  ShardStore store(shared.store, shard,
                   shared.registry.recorder(static_cast<unsigned>(shard.index())));
  co_await meet(shard, shared.ready, shards);
  {
    runtime::Scope scope(shard.reactor());
    co_await work(store, shared, scope);
    co_await scope.join();
  }
  co_await meet(shard, shared.ready, 2 * shards);
  (void)co_await runtime::sleep(shard.reactor(), {after(shard.now(), milliseconds(50)), nullptr});
  co_await store.stop();
}

}  // namespace

TEST_CASE("threads that fetch, read, purge and evict at once see only whole answers") {
  StoreSettings settings = test_settings(4 * MiB);
  Shared shared{.store = Store(settings, 0, shards, 99)};
  runtime::ThreadOptions options;
  options.cores = std::vector<int>(shards, 0);
  options.pin = false;
  const char* only = std::getenv("WEIR_REACTOR");
  if (only && std::string_view(only) == "epoll") options.reactor.kind = runtime::ReactorKind::epoll;
  auto threads = runtime::Threads::start(
      options, [&shared](Shard& shard) { return shard_main(shard, shared); });
  REQUIRE(threads.has_value());
  CHECK((*threads)->join(seconds(120)));
  CHECK(shared.wrong.load() == 0);
  CHECK(shared.hits.load() > 1000);
  CHECK(shared.fills.load() > 100);
  CHECK(shared.purged.load() > 10);
  // A reader that came just when its body was complete counts there until the body goes.
  CHECK(shared.store.filling_bytes() < 4096);
}

}  // namespace weir::edge::cache
