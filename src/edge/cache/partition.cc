#include "edge/cache/partition.h"

#include "edge/cache/shard_store.h"

namespace weir::edge::cache {
namespace {

// Ghosts for as many objects as would fit if they were this small.
constexpr uint64_t ghost_for_bytes = 2048;
// What is kept free of the quota, so that something can leave before it can be freed; and what
// is never given away, for what is charged without asking: the cell of somebody who came to read
// just when the last byte did.
constexpr uint64_t slack_divisor = 64, rest_divisor = 256;
// A large body takes the place of very many small objects, which are not evicted in one go.
constexpr size_t evictions_at_a_time = 64;

uint64_t fill_hash(uint64_t key_hash, std::string_view variant) {
  return variant.empty() ? key_hash : hash(variant, key_hash);
}

}  // namespace

Partition::Partition(const StoreSettings& settings, MemoryPool& pool, Epochs& epochs)
    : settings_(settings),
      pool_(pool),
      quota_(pool.least()),
      limbo_(epochs),
      index_(account_, limbo_),
      policy_(pool.least(), pool.fair_share() / ghost_for_bytes),
      tags_(account_) {
  account_.add(policy_.ghost_bytes());
}

Partition::~Partition() {
  if (wanting_) pool_.end_wanting();
  while (FillRecord* record = records_.pop_front()) {
    while (Inquiry* waiting = record->waiting.pop_front())
      waiting->lose();
    delete record;
  }
  while (Object* object = order_.at_or_behind(""))
    remove(*object, Removal::evicted);
}

// --- claims ---

void Partition::claim(ClaimInquiry& claim) {
  Object* newest = index_.newest(claim.key, claim.hash);
  const MonoTime now = store_->shard().now();
  for (const Object* each = newest; each; each = each->next_variant())
    if (each->uncacheable(now) && (each->variant().empty() || each->variant() == claim.variant) &&
        !each->declined_for(claim.unbound_by))
      return answer(claim, ClaimOutcome::alone);
  if (newest && newest->stamp() > claim.seen) return answer(claim, ClaimOutcome::look_again);
  FillRecord* record = find_fill(claim);
  if (record && purges_.verdict({record->since}, claim.key, {}, false) != PurgeVerdict::untouched) {
    // What it brings is from before a purge; those who come now need something newer.
    unlist(*record);
    record = nullptr;
  }
  if (!record) return lead(claim);
  if (record->waiting_count >= settings_.waiting_max)
    return answer(claim, ClaimOutcome::overloaded);
  ++record->waiting_count;
  record->waiting.push_back(claim);
}

FillRecord* Partition::find_fill(const ClaimInquiry& claim) const {
  return fills_.find(fill_hash(claim.hash, claim.variant), [&](const FillRecord& record) {
    return record.key == claim.key && record.variant == claim.variant;
  });
}

void Partition::lead(ClaimInquiry& claim) {
  if (fills_.size() >= settings_.fills_max) return answer(claim, ClaimOutcome::overloaded);
  auto* record = new FillRecord;
  record->hash = fill_hash(claim.hash, claim.variant);
  record->key = claim.key;
  record->variant = claim.variant;
  record->since = purges_seen();
  record->listed = true;
  fills_.insert(*record);
  records_.push_back(*record);
  claim.record = record;
  claim.since = record->since;
  answer(claim, ClaimOutcome::lead);
}

void Partition::answer(ClaimInquiry& claim, ClaimOutcome outcome) {
  claim.outcome = outcome;
  claim.answer(*store_);
}

void Partition::unlist(FillRecord& record) {
  if (std::exchange(record.listed, false)) fills_.erase(record);
}

void Partition::answer_all(FillRecord& record, ClaimOutcome outcome, const Object* object,
                           Error error) {
  while (Inquiry* inquiry = record.waiting.pop_front()) {
    auto& waiting = static_cast<ClaimInquiry&>(*inquiry);
    waiting.error = error;
    if (object) waiting.object = ObjectRef(*object);
    answer(waiting, outcome);
  }
  record.waiting_count = 0;
}

// The duty to fetch goes to the first who waits. False: nobody does, or it was tried often enough.
bool Partition::hand_on(FillRecord& record) {
  Inquiry* inquiry =
      record.attempts < settings_.attempts_max ? record.waiting.pop_front() : nullptr;
  if (!inquiry) return false;
  --record.waiting_count;
  ++record.attempts;
  auto& next = static_cast<ClaimInquiry&>(*inquiry);
  next.record = &record;
  // A new fetch sees what was purged before it begins.
  next.since = record.since = purges_seen();
  answer(next, ClaimOutcome::lead);
  return true;
}

// --- fills ---

PurgeVerdict Partition::verdict_of(const FillSide& side, const Object& object) const {
  if (side.begun.since == purges_seen()) return PurgeVerdict::untouched;
  std::vector<std::string_view> tags;
  for (const TagLink& link : tags_of(object))
    tags.push_back(link.text);
  return purges_.verdict(side.begun, object.key(), tags, true);
}

void Partition::published(FillSide& side) {
  auto& object = const_cast<Object&>(*side.object);
  const PurgeVerdict verdict = verdict_of(side, object);
  if (verdict == PurgeVerdict::removed) {
    store_->metrics().not_stored(NotStored::purged).add();
  } else {
    if (verdict == PurgeVerdict::stale) object.make_stale(store_->shard().now());
    object.filling_ = true;
    if (!insert(object)) store_->metrics().not_stored(NotStored::no_room).add();
  }
  if (!side.record) return;
  unlist(*side.record);
  answer_all(*side.record, ClaimOutcome::ready, &object, {});
}

void Partition::gave_up(FillSide& side) {
  auto& object = const_cast<Object&>(*side.object);
  if (object.indexed_) remove(object, Removal::given_up);
}

void Partition::ended(std::unique_ptr<FillSide> side) {
  store_->metrics().fills(side->how).add();
  switch (side->how) {
    case FillEnd::complete:
    case FillEnd::refreshed: {
      auto& object = const_cast<Object&>(*side->object);
      if (side->how == FillEnd::refreshed)
        refreshed(*side);
      else if (side->tight)
        moved(*side);
      else if (object.indexed_)
        keep(object);
      break;
    }
    case FillEnd::declined:
      mark_uncacheable(*side);
      if (may_hand_on(*side) && hand_on(*side->record)) return;
      break;
    case FillEnd::failed:
      if (side->object) {
        auto& object = const_cast<Object&>(*side->object);
        if (object.indexed_) remove(object, Removal::failed);
      }
      fail_record(*side);
      return;
  }
  FillRecord* record = side->record;
  if (!record) return;
  unlist(*record);
  // Whoever still waits came after the answer was published, or it was not.
  answer_all(*record, ClaimOutcome::alone, nullptr, side->error);
  delete record;
}

bool Partition::may_hand_on(const FillSide& side) {
  return side.record && side.record->listed && side.then == OnFailure::hand_on;
}

void Partition::fail_record(FillSide& side) {
  FillRecord* record = side.record;
  if (!record) return;
  if (may_hand_on(side) && hand_on(*record)) return;
  unlist(*record);
  answer_all(*record, ClaimOutcome::failed, nullptr, side.error);
  delete record;
}

void Partition::mark_uncacheable(FillSide& side) {
  if (side.remember <= Duration::zero()) return;
  const MonoTime until = after(store_->shard().now(), side.remember);
  const ObjectDraft draft{.variant = side.variant, .meta = side.declined_for};
  if (!make_room(Object::memory_for(side.key, draft))) return;
  Object* mark = Object::make_uncacheable(account_, {side.key, side.hash}, side.variant, until,
                                          side.declined_for);
  if (!mark) return;
  if (insert(*mark)) policy_.insert(*mark, mark->charged_);
  mark->unref();
}

// A new head for a body that is there.
void Partition::refreshed(FillSide& side) {
  auto& old = const_cast<Object&>(*side.takes_place_of);
  auto& object = const_cast<Object&>(*side.object);
  const PurgeVerdict verdict = verdict_of(side, object);
  if (!old.indexed_ || verdict == PurgeVerdict::removed) {
    if (side.record) answer_all(*side.record, ClaimOutcome::look_again, nullptr, {});
    return;
  }
  if (verdict == PurgeVerdict::stale) object.make_stale(store_->shard().now());
  replace(old, object);
  if (side.record) answer_all(*side.record, ClaimOutcome::ready, &object, {});
}

// The same answer, copied to a place of its size. What was purged since it was published is not
// here any more, or has its mark.
void Partition::moved(FillSide& side) {
  auto& old = const_cast<Object&>(*side.object);
  auto& object = const_cast<Object&>(*side.tight);
  if (!old.indexed_) return;
  object.make_stale(old.stale_since());
  replace(old, object);
}

void Partition::replace(Object& old, Object& object) {
  object.heat_.store(old.heat(), std::memory_order_relaxed);
  object.filling_ = true;
  remove(old, Removal::replaced);
  if (insert(object)) keep(object);
}

// --- objects ---

bool Partition::insert(Object& object) {
  grow_index();
  if (const uint64_t for_tags = tags_.memory_for(object); for_tags > 0 && !make_room(for_tags))
    return false;
  while (index_.full())
    if (!evict_one()) return false;
  object.stamp_.store(++stamp_, std::memory_order_relaxed);
  object.ref();
  index_.push(object);
  order_.insert(object);
  tags_.insert(object);
  object_count_.fetch_add(1, std::memory_order_relaxed);
  drop_replaced(object);
  return true;
}

// The answer that `newer` replaces, marks that there is none, and the oldest of too many variants.
// A mark replaces marks alone: what is stored may still be of use.
void Partition::drop_replaced(Object& newer) {
  const bool mark = newer.kind_ == ObjectKind::uncacheable;
  Object* next = newer.next_variant_.load(std::memory_order_relaxed);
  for (size_t variants = 1; next;) {
    Object& each = *next;
    next = each.next_variant_.load(std::memory_order_relaxed);
    const bool other_mark = each.kind_ == ObjectKind::uncacheable;
    const bool same = each.variant() == newer.variant();
    if (mark ? other_mark && same : other_mark || same)
      remove(each, other_mark ? Removal::expired : Removal::replaced);
    else if (++variants > settings_.variants_max)
      remove(each, Removal::evicted);
  }
}

void Partition::remove(Object& object, Removal why) {
  index_.unlink(object);
  order_.erase(object);
  tags_.erase(object);
  if (object.policy_.queue != PolicyQueue::none)
    policy_.erase(object);
  else
    object.unlink();
  object.filling_ = false;
  object_count_.fetch_sub(1, std::memory_order_relaxed);
  if (store_) store_->metrics().removed(why).add();
  limbo_.retire(object);
}

// From the account of what is arriving to ours, when there is room; else as soon as others have
// left what had to go for it.
void Partition::keep(Object& object) {
  if (unkept_.empty() && try_keep(object)) return;
  if (object.indexed_ && !object.linked()) unkept_.push_back(object);
}

// False: try again later, or it was removed.
bool Partition::try_keep(Object& object) {
  const bool has_body = object.body_->charged_to(account_);
  const uint64_t for_body =
      has_body ? 0 : object.body_->charged() + Feed::cell_bytes(*object.body_);
  const uint64_t bytes = object.charged_ + for_body;
  if (!make_room(bytes, evictions_at_a_time)) {
    if (policy_.count() > 0 || limbo_.bytes() > 0) return false;
    store_->metrics().not_stored(NotStored::no_room).add();
    remove(object, Removal::evicted);
    return false;
  }
  object.unlink();
  object.account_->subtract(object.charged_);
  object.account_ = &account_;
  account_.add(object.charged_);
  object.body_->move_charge(account_);
  object.filling_ = false;
  const bool known = policy_.insert(object, object.charged_ + object.body_->charged());
  (known ? store_->metrics().stored_known : store_->metrics().stored_new).add();
  return true;
}

// Evicts until `bytes` more fit, at most `most` objects. False when what has to go is still looked
// at, or has not gone yet.
bool Partition::make_room(uint64_t bytes, size_t most) {
  while (!fits(bytes)) {
    if (grow_quota()) continue;
    if (most-- == 0 || !evict_one()) return false;
  }
  return account_.bytes() + bytes <= quota() - quota() / rest_divisor;
}

// When what is in limbo has gone.
bool Partition::fits(uint64_t bytes) const {
  const uint64_t held = account_.bytes();
  return held - std::min(limbo_.bytes(), held) + bytes <= quota() - quota() / slack_divisor;
}

bool Partition::evict_one() {
  Object* victim = policy_.evict();
  if (!victim) return false;
  const bool hit = victim->heat() > 0 || victim->policy_.left_main;
  if (store_) store_->evicting(*victim, hit);
  remove(*victim, Removal::evicted);
  return true;
}

// --- quota ---

void Partition::set_quota(uint64_t bytes) {
  quota_.store(bytes, std::memory_order_relaxed);
  policy_.set_capacity(bytes);
}

bool Partition::grow_quota() {
  const uint64_t taken = pool_.take(pool_.part(), quota());
  if (taken == 0) {
    want_more();
    return false;
  }
  set_quota(quota() + taken);
  if (std::exchange(wanting_, false)) pool_.end_wanting();
  return true;
}

// Others have more than their share while this one has less: they are told, and give it back as
// they come by; until then something of our own has to go.
void Partition::want_more() {
  if (wanting_ || quota() >= pool_.fair_share()) return;
  wanting_ = true;
  pool_.begin_wanting();
  for (size_t shard = 0; store_ && shard < store_->store().shards(); ++shard)
    if (shard != store_->index()) (void)store_->shard().post(shard, [] {});
}

bool Partition::may_give() const {
  return quota() >= pool_.fair_share() + pool_.part();
}

// A part at a time, so that no step takes long.
void Partition::give_back() {
  const uint64_t part = pool_.part();
  if (account_.bytes() + 4 * part < quota() && quota() >= pool_.least() + part) {
    // More than is used.
    set_quota(quota() - part);
    return pool_.give(part);
  }
  if (!pool_.wanted() || !may_give()) return;
  while (!fits(part))
    if (!evict_one()) break;
  if (account_.bytes() + part > quota() - quota() / rest_divisor) return;
  set_quota(quota() - part);
  pool_.give(part);
}

void Partition::grow_index() {
  if (index_.wants_to_grow() && make_room(index_.growth_bytes())) index_.grow();
}

bool Partition::end_step() {
  limbo_.end_step();
  while (Object* object = unkept_.front())
    if (!try_keep(*object) && object->indexed_) break;
  give_back();
  return limbo_.empty() && unkept_.empty() && !(pool_.wanted() && may_give());
}

// --- purges ---

uint64_t Partition::begin_purge(const PurgeRequest& request) {
  purges_seen_.store(purges_.add(request), std::memory_order_release);
  return stamp_;
}

void Partition::apply_purge(Object& object, bool soft) {
  if (soft && object.kind_ == ObjectKind::answer)
    object.make_stale(store_->shard().now());
  else
    remove(object, Removal::purged);
}

}  // namespace weir::edge::cache
