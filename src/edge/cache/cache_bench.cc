// What does it cost to find an object? Nanoseconds of CPU per look-up on one thread, with a million
// objects in the store: keys drawn alike (nearly each one is a miss of the processor's caches), by
// Zipf's law, and always the same few; with and without a pin. Then what a purge of 100,000 tagged
// objects takes, and the longest that it keeps the shard from anything else.

#include <algorithm>
#include <cstdio>
#include <string>
#include <time.h>
#include <vector>

#include "base/random.h"
#include "base/units.h"
#include "edge/cache/slice.h"
#include "edge/cache/store_bench_kit.h"

namespace weir::edge::cache {
namespace {

using runtime::Shard;
using runtime::Task;

constexpr size_t objects = 1'000'000, tagged = 100'000;
constexpr size_t lookups = 2'000'000;
constexpr int runs = 5;

double cpu_ns() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e9 + static_cast<double>(spent.tv_nsec);
}

std::string key_of(uint64_t i) {
  return "https://www.example.org/catalogue/item/" + std::to_string(i);
}

Task<> fill(ShardStore& store) {
  for (size_t i = 0; i < objects; ++i) {
    const std::string key = key_of(i);
    Fill one = store.fill_alone(key, store.store().hash_of(key));
    const std::string_view tags[] = {"sale"};
    const ObjectDraft draft{.head = std::string_view("HTTP/1.1 200 OK\r\n\r\n"),
                            .meta = std::string_view("0123456789abcdef"),
                            .tags = {tags, i < tagged ? 1u : 0u}};
    WEIR_ASSERT(one.publish(draft, 256).has_value());
    WEIR_ASSERT(one.append(std::string(256, 'x')).has_value());
    WEIR_ASSERT(one.complete().has_value());
    if (i % 256 == 0) co_await NextTurn{store.shard().reactor()};
  }
}

// What a hit does: one lookup, marked, and read through a Pin if so asked. How many bytes it read.
size_t hit(ShardStore& store, const std::string& key, bool pinned) {
  const Object* object = store.find(key, store.store().hash_of(key));
  if (!object) return 0;
  object->touch();
  if (!pinned) return object->meta().size();
  const Pin pin(store, *object);
  return pin->meta().size();
}

void measure(const char* name, ShardStore& store, const std::vector<std::string>& keys,
             const std::vector<uint32_t>& order, bool pinned) {
  std::vector<double> results;
  size_t found = 0;
  for (int run = 0; run < runs; ++run) {
    const double start = cpu_ns();
    for (const uint32_t which : order)
      found += hit(store, keys[which], pinned);
    results.push_back((cpu_ns() - start) / static_cast<double>(order.size()));
  }
  std::sort(results.begin(), results.end());
  std::printf("%-44s %8.1f ns  (%.1f to %.1f)\n", name, results[runs / 2], results.front(),
              results.back());
  WEIR_ASSERT(found > 0);
}

std::vector<uint32_t> drawn(uint64_t among) {
  Random random(1);
  std::vector<uint32_t> order(lookups);
  for (uint32_t& each : order)
    each = static_cast<uint32_t>(random.below(among));
  return order;
}

// Half of the requests for a hundredth of the objects, half of these for a hundredth of it, and so
// on: close to Zipf's law with an exponent near 1.
std::vector<uint32_t> drawn_skewed() {
  Random random(1);
  std::vector<uint32_t> order(lookups);
  for (uint32_t& each : order) {
    uint64_t among = objects;
    while (among > 100 && random.below(2) == 0)
      among /= 100;
    each = static_cast<uint32_t>(random.below(among));
  }
  return order;
}

// Goes on in every turn, as hits do, and notes how long a turn took.
Task<> watch_turns(Shard& shard, const bool& done, Duration& longest) {
  MonoTime last = shard.reactor().fresh_now();
  while (!done) {
    co_await NextTurn{shard.reactor()};
    const MonoTime now = shard.reactor().fresh_now();
    longest = std::max(longest, now - last);
    last = now;
  }
}

Task<> measure_purge(Shard& shard, ShardStore& store) {
  bool done = false;
  Duration longest{};
  shard.background().spawn(watch_turns(shard, done, longest));
  const MonoTime start = shard.reactor().fresh_now();
  const auto purged = co_await store.purge({.by = PurgeBy::tag, .text = "sale"},
                                           {after(shard.now(), seconds(60)), nullptr});
  const Duration took = shard.reactor().fresh_now() - start;
  done = true;  // NOLINT(clang-analyzer-deadcode.DeadStores): watch_turns() reads it
  std::printf("purge of %llu tagged objects: %.1f ms, longest turn meanwhile %.0f us\n",
              static_cast<unsigned long long>(purged.value_or(0)),
              static_cast<double>(took.count()) / 1e6, static_cast<double>(longest.count()) / 1e3);
}

Task<> bench_main(Shard& shard, Store& whole, telemetry::Registry& registry) {
  ShardStore store(whole, shard, registry.recorder(0));
  const double start = cpu_ns();
  co_await fill(store);
  std::printf("%llu objects of 256 bytes: %.0f bytes of memory each, %.2f us to store one\n",
              static_cast<unsigned long long>(whole.object_count()),
              static_cast<double>(whole.held_bytes()) / static_cast<double>(whole.object_count()),
              (cpu_ns() - start) / 1e3 / objects);
  std::vector<std::string> keys;
  for (size_t i = 0; i < objects; ++i)
    keys.push_back(key_of(i));
  measure("hit among 1,000,000, all alike", store, keys, drawn(objects), false);
  measure("hit among 1,000,000, skewed", store, keys, drawn_skewed(), false);
  measure("hit among 100", store, keys, drawn(100), false);
  measure("hit among 100, pinned", store, keys, drawn(100), true);
  co_await measure_purge(shard, store);
  co_await store.stop();
}

}  // namespace

int run_bench() {
  return run_store_bench(4 * GiB, bench_main);
}

}  // namespace weir::edge::cache

int main() {
  return weir::edge::cache::run_bench();
}
