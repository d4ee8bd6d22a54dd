#include "edge/cache/fill.h"

#include <algorithm>
#include <cstring>

#include "edge/cache/shard_store.h"

namespace weir::edge::cache {
namespace {

// How long a fill waits before it looks again whether readers have caught up.
constexpr Duration look_again_after = milliseconds(2);

FillSide& side_of(Letter& letter) {
  return static_cast<FillSide::FillLetter&>(letter).side;
}

// The side that the letter belongs to is dropped with its last letter.
void keep_side(Letter&) {}
void drop_side(Letter& letter) {
  delete &side_of(letter);
}

void deliver_published(Letter& letter, ShardStore& at) {
  at.own().published(side_of(letter));
}
void deliver_gave_up(Letter& letter, ShardStore& at) {
  at.own().gave_up(side_of(letter));
}
void deliver_ended(Letter& letter, ShardStore& at) {
  at.own().ended(std::unique_ptr<FillSide>(&side_of(letter)));
}

}  // namespace

// --- FillSide ---

FillSide::FillSide(ShardStore& of, std::string_view of_key, uint64_t of_hash, Begun at)
    : store(of),
      record(nullptr),
      key(of_key),
      hash(of_hash),
      begun(at),
      published(*this, deliver_published, keep_side),
      gave_up(*this, deliver_gave_up, keep_side),
      ended(*this, deliver_ended, drop_side) {}

FillSide::FillSide(ShardStore& of, FillRecord* at_owner, ClaimInquiry& claim)
    : FillSide(of, claim.key, claim.hash, Begun{claim.since}) {
  record = at_owner;
  variant = claim.variant;
}

void FillSide::tell_owner(FillLetter& letter) {
  const size_t owner = store.store().owner_of(hash);
  if (owner == store.index())
    letter.deliver_to(letter, store);
  else
    store.mail(owner, letter);
}

void FillSide::end(std::unique_ptr<FillSide> side, FillEnd how) {
  FillSide& ending = *side.release();
  ending.how = how;
  ending.tell_owner(ending.ended);
}

bool FillSide::take(uint64_t bytes) {
  return store.store().filling_account().try_add(bytes, store.store().fill_limit());
}

bool FillSide::prepay(Body& body, uint64_t n) {
  const uint64_t bytes = body.growth_for(n);
  if (bytes == 0) return true;
  if (!take(bytes)) return false;
  body.prepay(bytes);
  return true;
}

void FillSide::give_up(NotStored why) {
  store.metrics().not_stored(why).add();
  given_up = true;
  object->body().give_up();
  tell_owner(gave_up);
}

Fill ClaimInquiry::take_fill() {
  return Fill(std::make_unique<FillSide>(home(), record, *this));
}

void ClaimInquiry::arrive(ShardStore& at) {
  at.own().claim(*this);
}

// The duty came to somebody who had stopped waiting: it goes on to the next.
void ClaimInquiry::come_late() {
  if (outcome == ClaimOutcome::lead) take_fill().fail(error, OnFailure::hand_on);
}

// --- Fill ---

Fill::Fill(std::unique_ptr<FillSide> side) : side_(std::move(side)) {}
Fill::Fill(Fill&& other) noexcept = default;

Fill& Fill::operator=(Fill&& other) noexcept {
  std::swap(side_, other.side_);
  return *this;
}

Fill::~Fill() {
  if (side_) fail({ErrorCode::cancelled, "the fetch was dropped"}, OnFailure::hand_on);
}

Result<> Fill::publish(const ObjectDraft& draft, std::optional<uint64_t> length) {
  FillSide& side = *side_;
  WEIR_ASSERT(!side.object);
  Store& store = side.store.store();
  const auto refuse = [&side](NotStored why, const char* text) {
    side.store.metrics().not_stored(why).add();
    return weir::fail(ErrorCode::limit, text);
  };
  if (draft.tags.size() > store.settings().tags_max)
    return refuse(NotStored::too_large, "more tags than memory.tags_max");
  if (length && *length > store.object_bytes_max())
    return refuse(NotStored::too_large, "larger than what is stored");
  const uint64_t for_object = Object::memory_for(side.key, draft);
  const uint64_t for_body = Body::memory_for(length);
  if (!side.take(for_object + for_body))
    return refuse(NotStored::crowded, "too much is arriving for the cache");
  ByteAccount& account = store.filling_account();
  BodyRef body = BodyRef::adopt(Body::make(account, length, store.body_shape(), for_body));
  const Object* object =
      Object::make(account, {side.key, side.hash}, draft, std::move(body), for_object);
  if (!object) return refuse(NotStored::too_large, "a head larger than what is stored");
  side.object = ObjectRef::adopt(object);
  side.tell_owner(side.published);
  return {};
}

Result<ObjectRef> Fill::refresh(const Object& old, const ObjectDraft& draft) {
  FillSide& side = *side_;
  WEIR_ASSERT(!side.object && old.kind() == ObjectKind::answer);
  if (old.body().state() != BodyState::complete)
    return weir::fail(ErrorCode::invalid, "the body is not whole yet");
  const uint64_t bytes = Object::memory_for(side.key, draft);
  if (!side.take(bytes)) return weir::fail(ErrorCode::limit, "too much is arriving for the cache");
  const Object* object = Object::make(side.store.store().filling_account(), {side.key, side.hash},
                                      draft, BodyRef(old.body()), bytes);
  if (!object) return weir::fail(ErrorCode::limit, "a head larger than what is stored");
  ObjectRef made(*object);
  side.object = ObjectRef::adopt(object);
  side.takes_place_of = ObjectRef(old);
  FillSide::end(std::move(side_), FillEnd::refreshed);
  return made;
}

Result<size_t> Fill::append(std::string_view bytes) {
  FillSide& side = *side_;
  Body& body = side.object->body();
  if (!side.given_up) {
    if (body.published() + bytes.size() > side.store.store().object_bytes_max())
      side.give_up(NotStored::too_large);
    else if (!side.prepay(body, bytes.size()))
      side.give_up(NotStored::crowded);
  }
  const size_t taken = copy(bytes);
  body.refund();
  Feed::notify(body, side.store);
  if (taken < bytes.size() && (!side.given_up || body.length() == body.published()))
    return weir::fail(ErrorCode::invalid, "more bytes than promised");
  if (side.given_up && !wanted())
    return weir::fail(ErrorCode::closed, "nobody reads it and it is not stored");
  return taken;
}

size_t Fill::copy(std::string_view bytes) {
  FillSide& side = *side_;
  Body& body = side.object->body();
  size_t taken = 0;
  while (taken < bytes.size()) {
    if (side.given_up && (has_to_wait() || !side.prepay(body, 1))) break;
    const std::span<char> room = body.room();
    if (room.empty()) break;
    const size_t n = std::min(room.size(), bytes.size() - taken);
    std::memcpy(room.data(), bytes.data() + taken, n);
    body.publish(n);
    taken += n;
  }
  return taken;
}

// Whether a given-up body may not have a further slice yet. It never keeps the memory that others
// wait for: what its readers have passed is freed first.
bool Fill::has_to_wait() {
  Body& body = side_->object->body();
  const uint64_t bytes = body.growth_for(1);
  if (bytes == 0) return false;
  Feed::drop_passed(body);
  const Store& store = side_->store.store();
  const uint64_t lowest = Feed::lowest(body);
  return (lowest != UINT64_MAX && body.published() > lowest + store.window_bytes()) ||
         store.filling_bytes() + bytes > store.fill_limit();
}

runtime::Task<Result<>> Fill::readers_ahead(runtime::Wait wait) {
  runtime::Reactor& reactor = side_->store.shard().reactor();
  while (side_->given_up && wanted() && has_to_wait()) {
    if (reactor.now() >= wait.until)
      co_return weir::fail(ErrorCode::timed_out, "readers are behind");
    const MonoTime again = std::min(wait.until, after(reactor.now(), look_again_after));
    WEIR_CO_CHECK(co_await runtime::sleep(reactor, {again, wait.cancel}));
  }
  if (side_->given_up && !wanted())
    co_return weir::fail(ErrorCode::closed, "nobody reads it and it is not stored");
  co_return Result<>{};
}

runtime::Task<Result<>> Fill::append_all(std::string_view bytes, runtime::Wait wait) {
  for (;;) {
    WEIR_CO_TRY(const size_t taken, append(bytes));
    bytes.remove_prefix(taken);
    if (bytes.empty()) co_return Result<>{};
    WEIR_CO_CHECK(co_await readers_ahead(wait));
  }
}

Result<> Fill::complete() {
  FillSide& side = *side_;
  Body& body = side.object->body();
  const bool whole = body.complete();
  Feed::notify(body, side.store);
  if (!whole) {
    const Error error = body.error();
    side.error = error;
    FillSide::end(std::move(side_), FillEnd::failed);
    return std::unexpected(error);
  }
  if (!side.given_up) tighten();
  FillSide::end(std::move(side_), FillEnd::complete);
  return {};
}

// A small body of unknown length lies in slices with room to spare: a copy of the right size takes
// its place. Those who read the old one finish with it.
void Fill::tighten() {
  FillSide& side = *side_;
  Body& loose = side.object->body();
  const uint64_t bytes = loose.published();
  if (loose.in_one_piece() || bytes > Body::one_piece_bytes_max) return;
  if (loose.charged() <= bytes + bytes / 8) return;
  const uint64_t for_body = Body::memory_for(bytes), for_object = side.object->memory();
  if (!side.take(for_body + for_object)) return;
  ByteAccount& account = side.store.store().filling_account();
  BodyRef tight = BodyRef::adopt(Body::make(account, bytes, {}, for_body));
  while (tight->published() < bytes) {
    const std::string_view piece = loose.view(tight->published());
    std::memcpy(tight->room().data(), piece.data(), piece.size());
    tight->publish(piece.size());
  }
  WEIR_ASSERT(tight->complete());
  // The owner may not have seen side.object yet.
  side.tight = ObjectRef::adopt(Object::copy(account, *side.object, std::move(tight), for_object));
}

void Fill::decline(Duration remember, std::string_view why, OnFailure then) {
  WEIR_ASSERT(!side_->object);
  side_->remember = remember;
  side_->then = then;
  side_->declined_for = why;
  FillSide::end(std::move(side_), FillEnd::declined);
}

void Fill::fail(Error error, OnFailure then) {
  FillSide& side = *side_;
  if (side.object) {
    side.object->body().fail(error);
    Feed::notify(side.object->body(), side.store);
  }
  side.error = error;
  side.then = then;
  FillSide::end(std::move(side_), FillEnd::failed);
}

const Object* Fill::object() const {
  return side_ ? side_->object.get() : nullptr;
}

bool Fill::storing() const {
  return side_ && !side_->given_up;
}

bool Fill::wanted() const {
  if (!side_) return false;
  if (!side_->given_up) return true;
  return Feed::lowest(side_->object->body()) != UINT64_MAX || side_->object->references() > 1;
}

}  // namespace weir::edge::cache
