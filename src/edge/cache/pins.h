#pragma once
// Pin: keeps an object, with its body, for longer than the turn in which it was found: while an
// answer is being sent. On one shard. A short pin writes nothing that other shards see; one that
// lasts is turned into a counted reference after some milliseconds, so that a slow client does not
// keep everybody's memory from being freed.
//
// PinBoard: the pins of a shard, and with them the epoch from which it may hold something.

#include "edge/cache/epochs.h"
#include "edge/cache/object.h"

namespace weir::edge::cache {

class PinBoard;
class ShardStore;

class Pin {
 public:
  Pin() = default;
  // `object` was found on this shard since the coroutine last suspended.
  Pin(ShardStore& store, const Object& object);
  // Of an object that is held already: counted from the start.
  explicit Pin(ObjectRef held) : object_(held.let_go()) {}
  Pin(Pin&& other) noexcept { take(other); }
  Pin& operator=(Pin&& other) noexcept {
    if (this == &other) return *this;
    release();
    take(other);
    return *this;
  }
  ~Pin() { release(); }

  explicit operator bool() const { return object_ != nullptr; }
  const Object* get() const { return object_; }
  const Object* operator->() const { return object_; }
  const Object& operator*() const { return *object_; }
  void release();

 private:
  friend class PinBoard;
  void take(Pin& other);
  void link(Pin* before, Pin* behind);
  void unlink();
  bool linked() const { return next_ != nullptr; }

  const Object* object_ = nullptr;
  uint64_t epoch_ = 0;
  uint32_t round_ = 0;
  Pin* prev_ = nullptr;  // linked: protected by the epoch; else, with an object: counted
  Pin* next_ = nullptr;
};

class PinBoard {
 public:
  PinBoard(Epochs& epochs, size_t shard) : epochs_(epochs), shard_(shard) {
    head_.prev_ = head_.next_ = &head_;
  }
  PinBoard(const PinBoard&) = delete;
  PinBoard& operator=(const PinBoard&) = delete;
  ~PinBoard();

  // Before anything is read from an index.
  void enter() {
    if (!entered_) [[unlikely]]
      enter_first();
  }
  // No coroutine runs: only pins hold something.
  void end_step();
  // Counts those that were there at the last call already.
  void count_lasting();
  bool empty() const { return head_.next_ == &head_; }

 private:
  friend class Pin;
  void enter_first();
  void tell();

  Epochs& epochs_;
  size_t shard_;
  bool entered_ = false;
  uint64_t epoch_ = 0;               // since it entered
  uint64_t told_ = Epochs::nothing;  // what Epochs was told last
  uint32_t round_ = 0;               // calls of count_lasting()
  Pin head_;                         // oldest first
};

}  // namespace weir::edge::cache
