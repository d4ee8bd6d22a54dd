#include "edge/cache/body_reader.h"

#include <utility>

#include "edge/cache/shard_store.h"

namespace weir::edge::cache {

BodyReader::BodyReader(ShardStore& store, Body& body, uint64_t offset)
    : store_(store), body_(body), position_(offset) {
  if (body.state() == BodyState::filling) enter();
  gone_ = gone_ || body.dropped_.load(std::memory_order_acquire) > offset;
}

void BodyReader::enter() {
  cell_ = Feed::cell(*body_, store_);
  if (!cell_) {
    gone_ = true;
    return;
  }
  cell_->readers.push_back(*this);
  cell_->enter(position_);
  // The position is told before the look at what is gone, as drop_passed() says what will be gone
  // before it looks at the positions.
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

BodyReader::~BodyReader() {
  if (!cell_) return;
  unlink();
  cell_->leave(position_);
}

void BodyReader::advance(uint64_t n) {
  const uint64_t before = position_;
  position_ += n;
  if (cell_ && n > 0) cell_->leave(before, position_);
}

BodyReader::Look BodyReader::look() {
  // The state first: what is published when it is complete is all there is.
  const BodyState state = body_->state();
  if (gone_) return Look::gone;
  if (position_ < body_->published()) return Look::there;
  if (state == BodyState::complete) return Look::there;
  return state == BodyState::failed ? Look::failed : Look::nothing;
}

runtime::Task<Result<>> BodyReader::more(runtime::Wait wait) {
  for (;;) {
    switch (look()) {
      case Look::there:
        co_return Result<>{};
      case Look::failed:
        co_return std::unexpected(body_->error());
      case Look::gone:
        co_return fail(ErrorCode::limit, "the front of a body that is not stored is gone");
      case Look::nothing:
        break;
    }
    cell_->waits.store(true, std::memory_order_relaxed);
    // Says that it waits before it looks, as the filler publishes before it looks who waits.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (look() != Look::nothing) continue;
    WEIR_CO_CHECK(co_await cell_->waiting.wait(wait));
  }
}

static_assert(sizeof(FeedCell) + 128 <= FeedCell::memory_max);

FeedCell::FeedCell(Body& of, ShardStore& on)
    : Letter(deliver, drop),
      body(of),
      shard(on.index()),
      account(&on.store().filling_account()),
      waiting(on.shard().reactor()) {
  account->settle(memory_max, allocated_bytes(this));
}

void FeedCell::deliver(Letter& letter, ShardStore&) {
  auto& cell = static_cast<FeedCell&>(letter);
  // Before the waking: who begins to wait from now on needs a new letter.
  cell.mailed.store(false, std::memory_order_seq_cst);
  cell.wake();
  cell.body.unref();
}

void FeedCell::drop(Letter& letter) {
  static_cast<FeedCell&>(letter).body.unref();
}

void FeedCell::wake() {
  waiting.wake_all();
}

void FeedCell::enter(uint64_t position) {
  const uint64_t before = lowest.load(std::memory_order_relaxed);
  if (position > before) return arrive(position);
  if (position == before) {
    ++at_lowest_;
    return;
  }
  next_ = {before, std::exchange(at_lowest_, 1)};
  next_known_ = true;
  lowest.store(position, std::memory_order_seq_cst);
}

// Somebody stands at `position` now, above the lowest.
void FeedCell::arrive(uint64_t position) {
  if (!next_known_ || position > next_.position) return;
  if (position < next_.position) next_ = {position, 0};
  ++next_.readers;
}

void FeedCell::leave(uint64_t from, uint64_t to) {
  arrive(to);
  if (from != lowest.load(std::memory_order_relaxed)) {
    if (next_known_ && from == next_.position && --next_.readers == 0) next_known_ = false;
    return;
  }
  // Only the slowest one's progress frees anything.
  if (--at_lowest_ > 0) return;
  if (!next_known_) look_at_all();
  at_lowest_ = next_.readers;
  next_known_ = false;
  lowest.store(next_.position, std::memory_order_seq_cst);
}

void FeedCell::look_at_all() {
  next_ = {};
  next_known_ = true;
  for (BodyReader* reader = readers.front(); reader; reader = readers.next(*reader))
    arrive(reader->position());
}

void Feed::notify(Body& body, ShardStore& from) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  FeedCell* cell = body.cells_.load(std::memory_order_acquire);
  for (; cell; cell = cell->next) {
    if (!cell->waits.load(std::memory_order_relaxed)) continue;
    if (!cell->waits.exchange(false, std::memory_order_seq_cst)) continue;
    if (cell->shard == from.index()) {
      cell->wake();
    } else if (!cell->mailed.exchange(true, std::memory_order_seq_cst)) {
      body.ref();
      from.mail(cell->shard, *cell);
    }
  }
}

uint64_t Feed::lowest(const Body& body) {
  uint64_t lowest = UINT64_MAX;
  const FeedCell* cell = body.cells_.load(std::memory_order_acquire);
  for (; cell; cell = cell->next)
    lowest = std::min(lowest, cell->lowest.load(std::memory_order_seq_cst));
  return lowest;
}

void Feed::drop_passed(Body& body) {
  if (!body.sliced_) return;
  const uint64_t passed = std::min(lowest(body), body.published());
  const uint64_t until = passed == 0 ? 0 : body.place_of(passed).start;
  const uint64_t from = body.dropped_.load(std::memory_order_relaxed);
  if (until <= from) return;
  body.dropped_.store(until, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // Somebody came to read meanwhile.
  if (lowest(body) < until) return body.dropped_.store(from, std::memory_order_seq_cst);
  body.free_slices(from, until);
}

FeedCell* Feed::cell(Body& body, ShardStore& store) {
  FeedCell* first = body.cells_.load(std::memory_order_acquire);
  for (FeedCell* cell = first; cell; cell = cell->next)
    if (cell->shard == store.index()) return cell;
  Store& all = store.store();
  if (!all.filling_account().try_add(FeedCell::memory_max, all.fill_budget())) return nullptr;
  auto* made = new FeedCell(body, store);
  do
    made->next = first;
  while (!body.cells_.compare_exchange_weak(first, made, std::memory_order_seq_cst));
  return made;
}

uint64_t Feed::cell_bytes(const Body& body) {
  uint64_t bytes = 0;
  const FeedCell* cell = body.cells_.load(std::memory_order_acquire);
  for (; cell; cell = cell->next)
    bytes += allocated_bytes(cell);
  return bytes;
}

void Feed::charge_cells(Body& body, ByteAccount& to) {
  FeedCell* cell = body.cells_.load(std::memory_order_acquire);
  for (; cell; cell = cell->next) {
    const uint64_t bytes = allocated_bytes(cell);
    cell->account->subtract(bytes);
    cell->account = &to;
    to.add(bytes);
  }
}

void Feed::free_cells(Body& body) {
  FeedCell* cell = body.cells_.load(std::memory_order_relaxed);
  while (cell) {
    FeedCell* const next = cell->next;
    cell->account->subtract(allocated_bytes(cell));
    delete cell;
    cell = next;
  }
}

}  // namespace weir::edge::cache
