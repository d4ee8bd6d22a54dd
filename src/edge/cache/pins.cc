#include "edge/cache/pins.h"

#include "edge/cache/shard_store.h"

namespace weir::edge::cache {

Pin::Pin(ShardStore& store, const Object& object) : object_(&object) {
  PinBoard& board = store.pins();
  board.enter();
  epoch_ = board.epoch_;
  round_ = board.round_;
  link(board.head_.prev_, &board.head_);
}

void Pin::release() {
  if (!object_) return;
  if (linked())
    unlink();
  else
    object_->unref();
  object_ = nullptr;
}

void Pin::take(Pin& other) {
  object_ = std::exchange(other.object_, nullptr);
  epoch_ = other.epoch_;
  round_ = other.round_;
  if (!other.linked()) return;
  Pin* const before = other.prev_;
  Pin* const behind = other.next_;
  other.unlink();
  link(before, behind);
}

void Pin::link(Pin* before, Pin* behind) {
  prev_ = before;
  next_ = behind;
  before->next_ = behind->prev_ = this;
}

void Pin::unlink() {
  // The analyzer cannot see that this gives the list another first.
  prev_->next_ = next_;  // NOLINT(clang-analyzer-core.NullDereference)
  next_->prev_ = prev_;
  prev_ = next_ = nullptr;
}

PinBoard::~PinBoard() {
  WEIR_ASSERT(empty());
  epochs_.hold_from(shard_, Epochs::nothing);
  head_.prev_ = head_.next_ = nullptr;
}

void PinBoard::enter_first() {
  entered_ = true;
  // With a pin, an older epoch is told already and protects what is found now as well.
  epoch_ = empty() ? told_ = epochs_.enter(shard_) : epochs_.now();
}

void PinBoard::tell() {
  const uint64_t from = empty() ? Epochs::nothing : head_.next_->epoch_;
  if (from == told_) return;
  told_ = from;
  epochs_.hold_from(shard_, from);
}

void PinBoard::end_step() {
  entered_ = false;
  tell();
}

void PinBoard::count_lasting() {
  while (!empty() && head_.next_->round_ != round_) {
    head_.next_->object_->ref();
    head_.next_->unlink();
  }
  ++round_;
}

}  // namespace weir::edge::cache
