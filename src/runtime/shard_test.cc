#include "runtime/shard.h"

#include <atomic>
#include <cstdlib>
#include <string_view>

#include <doctest/doctest.h>

#include "runtime/threads.h"

namespace weir::runtime {
namespace {

ThreadOptions two_shards() {
  ThreadOptions options;
  options.cores = {0, 0};
  options.pin = false;
  const char* only = std::getenv("WEIR_REACTOR");
  if (only && std::string_view(only) == "epoll") options.reactor.kind = ReactorKind::epoll;
  return options;
}

// Bounces a message between two shards `left` times.
struct Bounce {
  ShardGroup* group;
  std::atomic<int>* count;
  int left;
  size_t at;
  void operator()() {
    count->fetch_add(1, std::memory_order_relaxed);
    if (left == 0) return;
    Shard& here = group->at(at);
    const size_t other = 1 - at;
    CHECK(here.post(other, Bounce{group, count, left - 1, other}));
  }
};

Task<> until_drained(Shard& shard) {
  (void)co_await sleep(shard.reactor(), {never, &shard.draining()});
}

}  // namespace

TEST_CASE("messages reach a shard that sleeps, and each exactly once") {
  auto threads = Threads::start(two_shards(), until_drained);
  REQUIRE(threads.has_value());
  ShardGroup& group = (*threads)->shards();
  std::atomic<int> count{0};
  for (int i = 0; i < 4; ++i)
    group.post(0, Bounce{&group, &count, 2499, 0});
  const MonoTime end = read_monotonic_clock() + seconds(20);
  while (count.load() < 10'000 && read_monotonic_clock() < end)
    std::this_thread::yield();
  CHECK(count.load() == 10'000);
  (*threads)->drain();
  CHECK((*threads)->join(seconds(5)));
}

TEST_CASE("a connection goes where its packets arrive, unless that shard has notably more") {
  ThreadOptions options = two_shards();
  options.cores = {4, 7};
  options.pin = true;  // where such cores are missing, the threads run elsewhere
  auto threads = Threads::start(options, until_drained);
  REQUIRE(threads.has_value());
  Shard& first = (*threads)->shards().at(0);
  Shard& second = (*threads)->shards().at(1);
  struct Case {
    uint32_t first_load, second_load;
    int core;
    size_t placed, better;  // seen from the first shard
  };
  for (const Case& each :
       {Case{0, 0, 7, 1, 0}, Case{1, 1, 7, 1, 0}, Case{3, 1, 7, 1, 1}, Case{64, 64, 7, 1, 1},
        Case{64, 71, 7, 1, 0}, Case{64, 72, 7, 0, 0}, Case{64, 69, 7, 1, 1}, Case{64, 64, 4, 0, 0},
        Case{80, 64, 4, 1, 0}, Case{64, 60, -1, 1, 0}, Case{64, 60, 5, 1, 0}}) {
    CAPTURE(each.first_load);
    CAPTURE(each.second_load);
    CAPTURE(each.core);
    first.load() = each.first_load;
    second.load() = each.second_load;
    CHECK(first.place_for(each.core) == each.placed);
    CHECK(first.better_place_for(each.core) == each.better);
  }
  (*threads)->drain();
  CHECK((*threads)->join(seconds(5)));
}

TEST_CASE("a full ring refuses and keeps the message") {
  MessageRing ring;
  int called = 0;
  for (size_t i = 0; i < MessageRing::capacity; ++i) {
    Message message([&called] { ++called; });
    REQUIRE(ring.push(message));
  }
  Message extra([&called] { called += 1000; });
  CHECK(!ring.push(extra));
  extra();
  CHECK(called == 1000);
  Message out;
  while (ring.pop(out))
    out();
  CHECK(called == 1000 + static_cast<int>(MessageRing::capacity));
}

TEST_CASE("a message that is never delivered still frees what it holds") {
  auto held = std::make_shared<int>(1);
  {
    const Message message([held] { CHECK(held); });
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("the second phase of a stop ends waits that the first leaves alone") {
  struct Stubborn {
    static Task<> main(Shard& shard) {
      (void)co_await sleep(shard.reactor(), {never, &shard.closing()});
    }
  };
  auto threads = Threads::start(two_shards(), Stubborn::main);
  REQUIRE(threads.has_value());
  (*threads)->drain();
  CHECK(!(*threads)->join(milliseconds(50)));
  (*threads)->close();
  CHECK((*threads)->join(seconds(5)));
}

}  // namespace weir::runtime
