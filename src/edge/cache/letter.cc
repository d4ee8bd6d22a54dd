#include "edge/cache/letter.h"

#include "edge/cache/shard_store.h"

namespace weir::edge::cache {
namespace {

// What goes through the mailbox. A shard whose store has ended takes no letters: they are dropped.
struct Delivery {
  LetterChain chain;
  Store* store;
  size_t to;
  void operator()() {
    ShardStore* at = store->shard_store(to);
    while (Letter* letter = at ? chain.take() : nullptr)
      letter->deliver_to(*letter, *at);
  }
};

}  // namespace

Outbox::Outbox(ShardStore& store, runtime::Shard& shard)
    : store_(store), shard_(shard), bags_(shard.shard_count()) {}

void Outbox::add(size_t to, Letter& letter) {
  Bag& bag = bags_[to];
  if (bag.letters.empty() && !bag.has_refused) ++waiting_;
  bag.letters.add(letter);
}

bool Outbox::flush() {
  for (size_t to = 0; waiting_ > 0 && to < bags_.size(); ++to) {
    Bag& bag = bags_[to];
    if (bag.letters.empty() && !bag.has_refused) continue;
    if (flush(to)) --waiting_;
  }
  return waiting_ == 0;
}

bool Outbox::flush(size_t to) {
  Bag& bag = bags_[to];
  if (bag.has_refused && !shard_.post(to, bag.refused)) return false;
  bag.has_refused = false;
  if (bag.letters.empty()) return true;
  runtime::Message message(Delivery{std::move(bag.letters), &store_.store(), to});
  if (shard_.post(to, message)) return true;
  bag.refused = std::move(message);
  bag.has_refused = true;
  return false;
}

}  // namespace weir::edge::cache
