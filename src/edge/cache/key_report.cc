#include "edge/cache/key_report.h"

#include <algorithm>
#include <functional>

#include "edge/cache/shard_store.h"
#include "edge/cache/slice.h"

namespace weir::edge::cache {
namespace {

// --- one key ---

struct ExplainInquiry final : Inquiry {
  ExplainInquiry(ShardStore& store, std::string of_key) : Inquiry(store), key(std::move(of_key)) {}

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
                       .stale_since = object.stale_since(),
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

void ExplainInquiry::arrive(ShardStore& at) {
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

struct HottestInquiry final : Inquiry {
  HottestInquiry(ShardStore& store, size_t at_most) : Inquiry(store), count(at_most) {}

  const size_t count;
  std::vector<HotKey> keys;

  void consider(const Object& object);

 protected:
  void arrive(ShardStore& at) override;
};

// Keeps the coldest of them at the front of a heap.
void HottestInquiry::consider(const Object& object) {
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

// Where to go on from `cursor`; 0: that was all.
uint64_t collect_slice(ShardStore& at, HottestInquiry& inquiry, uint64_t cursor) {
  constexpr size_t buckets_at_once = 64;
  Slice slice(at.shard().reactor());
  do {
    cursor = at.own().own_index().scan(
        cursor, buckets_at_once, [&inquiry](const Object& object) { inquiry.consider(object); });
  } while (cursor != 0 && !slice.over_after(buckets_at_once));
  return cursor;
}

runtime::Task<> collect(ShardStore& at, HottestInquiry& inquiry) {
  uint64_t cursor = inquiry.count > 0 ? collect_slice(at, inquiry, 0) : 0;
  while (cursor != 0) {
    co_await NextTurn{at.shard().reactor()};
    cursor = collect_slice(at, inquiry, cursor);
  }
  inquiry.answer(at);
}

void HottestInquiry::arrive(ShardStore& at) {
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
  auto* inquiry = new ExplainInquiry(*this, std::move(key));
  inquiry->send(store_.owner_of(store_.hash_of(inquiry->key)));
  WEIR_CO_CHECK(co_await inquiry->come_home(wait));
  const std::unique_ptr<ExplainInquiry> back(inquiry);
  co_return std::move(back->report);
}

runtime::Task<Result<std::vector<HotKey>>> ShardStore::hottest(size_t count, runtime::Wait wait) {
  std::vector<HottestInquiry*> inquiries;
  for (size_t shard = 0; shard < store_.shards(); ++shard) {
    inquiries.push_back(new HottestInquiry(*this, count));
    inquiries.back()->send(shard);
  }
  Result<std::vector<HotKey>> keys{};
  for (HottestInquiry* inquiry : inquiries) {
    if (!keys) {
      inquiry->abandon();
    } else if (const Result<> home = co_await inquiry->come_home(wait); !home) {
      keys = std::unexpected(home.error());
    } else {
      std::ranges::move(inquiry->keys, std::back_inserter(*keys));
      delete inquiry;
    }
  }
  if (!keys) co_return keys;
  co_return hottest_of(*std::move(keys), count);
}

}  // namespace weir::edge::cache
