#include "edge/cache/purge_run.h"

#include "edge/cache/slice.h"

namespace weir::edge::cache {
namespace {

struct PurgeInquiry final : Inquiry {
  PurgeInquiry(ShardStore& store, const PurgeRequest& of) : Inquiry(store), request(of) {}

  const PurgeRequest request;
  uint64_t done = 0;

 protected:
  void arrive(ShardStore& at) override;
};

uint64_t purge_key(ShardStore& at, const PurgeRequest& request) {
  Partition& own = at.own();
  const uint64_t hash = at.store().hash_of(request.text);
  uint64_t done = 0;
  Object* object = own.own_index().newest(request.text, hash);
  while (object) {
    Object& each = *object;
    object = const_cast<Object*>(each.next_variant());
    own.apply_purge(each, request.soft);
    ++done;
  }
  return done;
}

// Purges from the key `from` on while its slice of time lasts. True: `from` is where to go on.
bool purge_prefix_slice(ShardStore& at, const PurgeRequest& request, uint64_t stamp,
                        std::string& from, uint64_t& done) {
  Partition& own = at.own();
  Slice slice(at.shard().reactor());
  Object* object = own.order().at_or_behind(from);
  while (object && object->key().starts_with(request.text)) {
    Object& each = *object;
    object = KeyOrder::next(each);
    if (each.stamp() <= stamp) {
      own.apply_purge(each, request.soft);
      ++done;
    }
    // Only between keys: the search goes on from a key, not from one of its variants.
    if (!slice.over() || !object || object->key() == each.key()) continue;
    from = object->key();
    return true;
  }
  return false;
}

// What is inserted later than `stamp` is newer than the purge.
runtime::Task<uint64_t> purge_prefix(ShardStore& at, const PurgeRequest& request, uint64_t stamp) {
  uint64_t done = 0;
  std::string from = request.text;
  while (purge_prefix_slice(at, request, stamp, from, done))
    co_await NextTurn{at.shard().reactor()};
  co_return done;
}

// The objects of a tag lie anywhere: what some of the next ones need is on its way from memory
// while `link` is worked on.
void prefetch_behind(List<TagLink>& links, TagLink& link, const Partition& own) {
  constexpr size_t far = 8, near = 4;
  TagLink* at = &link;
  for (size_t i = 1; i <= far && at; ++i) {
    at = links.next(*at);
    if (!at || i != near) continue;
    own.index().prefetch(at->object->hash());
    KeyOrder::prefetch(*at->object);
  }
  if (!at) return;
  const auto* lines = reinterpret_cast<const char*>(at->object);
  for (size_t line = 0; line < sizeof(Object); line += 64)
    __builtin_prefetch(lines + line);
}

runtime::Task<uint64_t> purge_tag(ShardStore& at, const PurgeRequest& request) {
  Partition& own = at.own();
  uint64_t done = 0;
  List<TagLink> links;
  own.tags().take(request.text, links);
  while (!links.empty()) {
    Slice slice(at.shard().reactor());
    while (TagLink* link = links.front()) {
      prefetch_behind(links, *link, own);
      link->unlink();
      // A purge that removes ends the link as well.
      if (request.soft) own.tags().give_back(*link);
      own.apply_purge(*link->object, request.soft);
      ++done;
      if (slice.over()) break;
    }
    if (!links.empty()) co_await NextTurn{at.shard().reactor()};
  }
  co_return done;
}

runtime::Task<> run(ShardStore& at, PurgeInquiry& inquiry) {
  const PurgeRequest& request = inquiry.request;
  at.metrics().purges(static_cast<size_t>(request.by)).add();
  const uint64_t stamp = at.own().begin_purge(request);
  switch (request.by) {
    case PurgeBy::key:
      inquiry.done = purge_key(at, request);
      break;
    case PurgeBy::prefix:
      inquiry.done = co_await purge_prefix(at, request, stamp);
      break;
    case PurgeBy::tag:
      inquiry.done = co_await purge_tag(at, request);
      break;
  }
  inquiry.answer(at);
}

void PurgeInquiry::arrive(ShardStore& at) {
  at.spawn(run(at, *this));
}

}  // namespace

runtime::Task<Result<uint64_t>> purge_everywhere(ShardStore& from, PurgeRequest request,
                                                 runtime::Wait wait) {
  std::vector<PurgeInquiry*> inquiries;
  const size_t owner = from.store().owner_of(from.store().hash_of(request.text));
  for (size_t shard = 0; shard < from.store().shards(); ++shard)
    if (request.by != PurgeBy::key || shard == owner) {
      inquiries.push_back(new PurgeInquiry(from, request));
      inquiries.back()->send(shard);
    }
  Result<uint64_t> removed{0};
  for (PurgeInquiry* inquiry : inquiries) {
    if (!removed) {
      inquiry->abandon();
    } else if (const Result<> home = co_await inquiry->come_home(wait); !home) {
      removed = std::unexpected(home.error());
    } else {
      *removed += inquiry->done;
      delete inquiry;
    }
  }
  co_return removed;
}

}  // namespace weir::edge::cache
