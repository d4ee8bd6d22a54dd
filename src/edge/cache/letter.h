#pragma once
// Letter: mail between the stores of two shards, without allocation: it is a part of what it speaks
// of, which must live until it is delivered or dropped. Letters to one shard leave together, in one
// message, at the end of the turn's step in which they were written. Order is kept. Whoever writes
// letters bounds how many there are.

#include <cstddef>
#include <utility>
#include <vector>

#include "runtime/shard.h"

namespace weir::edge::cache {

class ShardStore;

struct Letter {
  using Deliver = void (*)(Letter& letter, ShardStore& at);
  using Drop = void (*)(Letter& letter);
  Letter(Deliver on_delivery, Drop on_drop) : deliver_to(on_delivery), drop_it(on_drop) {}

  Deliver deliver_to;  // on the receiving shard
  Drop drop_it;        // it will never be delivered: free what it holds; on any thread
  Letter* next_letter = nullptr;
};

// Letters in order; drops those that nobody took.
class LetterChain {
 public:
  LetterChain() = default;
  LetterChain(LetterChain&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)), last_(std::exchange(other.last_, nullptr)) {}
  LetterChain& operator=(LetterChain&& other) noexcept {
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
    return *this;
  }
  ~LetterChain() {
    while (Letter* letter = take())
      letter->drop_it(*letter);
  }

  bool empty() const { return first_ == nullptr; }
  void add(Letter& letter) {
    letter.next_letter = nullptr;
    (last_ ? last_->next_letter : first_) = &letter;
    last_ = &letter;
  }
  Letter* take() {
    Letter* letter = first_;
    if (!letter) return nullptr;
    first_ = letter->next_letter;
    if (!first_) last_ = nullptr;
    return letter;
  }

 private:
  Letter* first_ = nullptr;
  Letter* last_ = nullptr;
};

// One shard's letters that have not left yet.
class Outbox {
 public:
  Outbox(ShardStore& store, runtime::Shard& shard);

  void add(size_t to, Letter& letter);
  // Sends what it can; what finds a full mailbox stays, and is tried again. True: nothing is left.
  bool flush();
  bool empty() const { return waiting_ == 0; }

 private:
  // To one shard.
  struct Bag {
    runtime::Message refused;  // by a full mailbox
    bool has_refused = false;
    LetterChain letters;
  };
  bool flush(size_t to);

  ShardStore& store_;
  runtime::Shard& shard_;
  std::vector<Bag> bags_;  // by receiving shard
  size_t waiting_ = 0;     // bags that are not empty
};

}  // namespace weir::edge::cache
