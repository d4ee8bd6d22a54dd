// How long does eviction keep a shard from anything else? The longest turn while bodies of 64 MiB
// take each other's place, asked for once and often (then the kernel sends them from where they
// lie, and their pages cannot be used again), and while one of them takes the place of very many
// small objects. What arrives comes 256 KiB a turn, which is in the figures.

#include <cstdio>
#include <string>

#include "base/units.h"
#include "edge/cache/slice.h"
#include "edge/cache/store_bench_kit.h"

namespace weir::edge::cache {
namespace {

using runtime::Shard;
using runtime::Task;

constexpr uint64_t large_bytes = 64 * MiB, small_bytes = 2 * KiB;
constexpr size_t large_count = 40, small_count = 400'000;

// The longest turn since the last call of take().
class Turns {
 public:
  explicit Turns(Shard& shard) : shard_(shard), last_(shard.reactor().fresh_now()) {}

  Task<> watch() {
    while (!done_) {
      co_await NextTurn{shard_.reactor()};
      const MonoTime now = shard_.reactor().fresh_now();
      longest_ = std::max(longest_, now - last_);
      last_ = now;
    }
  }
  Duration take() { return std::exchange(longest_, Duration(0)); }
  void end() { done_ = true; }

 private:
  Shard& shard_;
  MonoTime last_;
  Duration longest_{};
  bool done_ = false;
};

Task<> put(ShardStore& store, std::string key, uint64_t bytes, bool lend) {
  const std::string piece(std::min(bytes, 256 * KiB), 'x');
  Fill fill = store.fill_alone(key, store.store().hash_of(key));
  const ObjectDraft draft{.head = std::string_view("HTTP/1.1 200 OK\r\n\r\n"),
                          .meta = std::string_view("0123456789abcdef")};
  const runtime::Wait wait{after(store.shard().now(), seconds(60)), nullptr};
  WEIR_ASSERT(fill.publish(draft, bytes).has_value());
  const ObjectRef object(*fill.object());
  for (uint64_t at = 0; at < bytes; at += piece.size()) {
    WEIR_ASSERT((co_await fill.append_all(piece, wait)).has_value());
    if (bytes > piece.size()) co_await NextTurn{store.shard().reactor()};
  }
  WEIR_ASSERT(fill.complete().has_value());
  if (!lend) co_return;
  object->touch();
  object->body().lend();
}

void print(const char* what, Duration longest) {
  std::printf("%-60s longest turn %8.0f us\n", what, static_cast<double>(longest.count()) / 1e3);
}

Task<> large_ones(ShardStore& store, Turns& turns, const char* what, bool lend) {
  for (size_t i = 0; i < large_count; ++i) {
    // From now on each evicts another.
    if (i == large_count / 2) (void)turns.take();
    co_await put(store, what + std::to_string(i), large_bytes, lend);
  }
  print(what, turns.take());
}

Task<> bench_main(Shard& shard, Store& whole, telemetry::Registry& registry) {
  ShardStore store(whole, shard, registry.recorder(0));
  Turns turns(shard);
  shard.background().spawn(turns.watch());
  co_await large_ones(store, turns, "64 MiB asked for once, in place of such", false);
  co_await large_ones(store, turns, "64 MiB asked for often, in place of such", true);
  for (size_t i = 0; i < small_count; ++i) {
    co_await put(store, "small" + std::to_string(i), small_bytes, false);
    if (i % 64 == 0) co_await NextTurn{shard.reactor()};
  }
  (void)turns.take();
  for (size_t i = 0; i < 4; ++i)
    co_await put(store, "last" + std::to_string(i), large_bytes, false);
  print("64 MiB in place of objects of 2 KiB", turns.take());
  turns.end();
  co_await store.stop();
}

}  // namespace

int run_bench() {
  return run_store_bench(1 * GiB, bench_main);
}

}  // namespace weir::edge::cache

int main() {
  return weir::edge::cache::run_bench();
}
