#include "edge/cache/key_report.h"

#include <algorithm>
#include <functional>

#include "edge/cache/shard_store.h"
#include "edge/cache/slice.h"

namespace weir::edge::cache {
namespace {

// --- one key ---

struct ExplainErrand final : Errand {
  ExplainErrand(ShardStore& store, std::string of_key) : Errand(store), key(std::move(of_key)) {}

  const std::string key;
  KeyReport report;

 protected:
  void arrive(ShardStore& at) override;
};

VariantReport report_of(const Object& object, MonoTime now) {
  VariantReport report{.variant = std::string(object.variant()),
                       .meta = std::string(object.meta()),
                       .head = std::string(object.head()),
                       .queue = Partition::queue_of(object),
                       .heat = object.heat(),
                       .made_stale = object.made_stale(),
                       .filling = Partition::filling(object),
                       .stamp = object.stamp(),
                       .memory_bytes = Partition::memory_of(object)};
  for (const TagLink& link : Partition::tags_of(object))
    report.tags.emplace_back(link.text);
  if (object.kind() == ObjectKind::uncacheable)
    report.uncacheable_for = std::max(object.uncacheable_until() - now, Duration::zero());
  else
    report.body_bytes = object.body().published();
  return report;
}

void ExplainErrand::arrive(ShardStore& at) {
  Partition& own = at.own();
  report.owner = at.index();
  report.hash = at.store().hash_of(key);
  const Object* object = own.index().find(key, report.hash);
  for (; object; object = object->next_variant())
    report.variants.push_back(report_of(*object, at.shard().now()));
  own.fills().for_each([this](const FillRecord& record) {
    if (record.key != key) return;
    report.fills.push_back({record.variant, record.waiting_count, record.attempts});
  });
  answer(at);
}

// --- the hottest keys ---

bool hotter(const HotKey& a, const HotKey& b) {
  return std::pair(a.in_main_queue, a.heat) > std::pair(b.in_main_queue, b.heat);
}

struct HottestErrand final : Errand {
  HottestErrand(ShardStore& store, size_t at_most) : Errand(store), count(at_most) {}

  const size_t count;
  std::vector<HotKey> keys;

  void consider(const Object& object);

 protected:
  void arrive(ShardStore& at) override;
};

// Keeps the coldest of them at the front of a heap.
void HottestErrand::consider(const Object& object) {
  if (object.kind() != ObjectKind::answer) return;
  HotKey key{.heat = object.heat(),
             .in_main_queue = Partition::queue_of(object) == PolicyQueue::main};
  if (keys.size() == count) {
    if (!hotter(key, keys.front())) return;
    std::ranges::pop_heap(keys, hotter);
    keys.pop_back();
  }
  key.key = object.key();
  keys.push_back(std::move(key));
  std::ranges::push_heap(keys, hotter);
}

runtime::Task<> collect(ShardStore& at, HottestErrand& errand) {
  constexpr size_t buckets_at_once = 64;
  uint64_t cursor = 0;
  bool more = errand.count > 0;
  while (more) {
    Slice slice(at.shard().reactor());
    do {
      cursor = at.own().own_index().scan(
          cursor, buckets_at_once, [&errand](const Object& object) { errand.consider(object); });
      more = cursor != 0;
    } while (more && !slice.over_after(buckets_at_once));
    if (more) co_await NextTurn{at.shard().reactor()};
  }
  errand.answer(at);
}

void HottestErrand::arrive(ShardStore& at) {
  at.spawn(collect(at, *this));
}

// The hottest of all shards; a key that was seen twice, since its table grew, stays once.
std::vector<HotKey> hottest_of(std::vector<HotKey> keys, size_t count) {
  std::ranges::sort(keys, {}, &HotKey::key);
  const auto twice = std::ranges::unique(keys, {}, &HotKey::key);
  keys.erase(twice.begin(), twice.end());
  std::ranges::sort(keys, [](const HotKey& a, const HotKey& b) {
    return hotter(a, b) || (!hotter(b, a) && a.key < b.key);
  });
  if (keys.size() > count) keys.resize(count);
  return keys;
}

}  // namespace

runtime::Task<Result<KeyReport>> ShardStore::explain(std::string key, runtime::Wait wait) {
  auto* errand = new ExplainErrand(*this, std::move(key));
  errand->send(store_.owner_of(store_.hash_of(errand->key)));
  WEIR_CO_CHECK(co_await errand->come_home(wait));
  const std::unique_ptr<ExplainErrand> back(errand);
  co_return std::move(back->report);
}

runtime::Task<Result<std::vector<HotKey>>> ShardStore::hottest(size_t count, runtime::Wait wait) {
  std::vector<HottestErrand*> errands;
  for (size_t shard = 0; shard < store_.shards(); ++shard) {
    errands.push_back(new HottestErrand(*this, count));
    errands.back()->send(shard);
  }
  Result<std::vector<HotKey>> keys{};
  for (HottestErrand* errand : errands) {
    if (!keys) {
      errand->abandon();
    } else if (const Result<> home = co_await errand->come_home(wait); !home) {
      keys = std::unexpected(home.error());
    } else {
      std::ranges::move(errand->keys, std::back_inserter(*keys));
      delete errand;
    }
  }
  if (keys) *keys = hottest_of(*std::move(keys), count);
  co_return keys;
}

}  // namespace weir::edge::cache
