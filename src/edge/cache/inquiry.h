#pragma once
// Inquiry: a question to the owner of a partition, and its answer, as one letter that goes there
// and comes home. The coroutine that asked waits for it, within its deadline; if it gives up, the
// inquiry comes home to nobody and is freed there.

#include <atomic>

#include "base/list.h"
#include "edge/cache/letter.h"
#include "runtime/waiter.h"

namespace weir::edge::cache {

class Inquiry : public Letter, public ListNode<Inquiry> {
 public:
  explicit Inquiry(ShardStore& home) : Letter(deliver, drop), home_(home) {}
  Inquiry(const Inquiry&) = delete;
  Inquiry& operator=(const Inquiry&) = delete;
  virtual ~Inquiry() = default;

  // On the home shard: sends it. From then on it belongs to whoever has it; come_home() takes it
  // back.
  void send(size_t to);
  // On the shard where it is: the answer is in it.
  void answer(ShardStore& at);
  // It will never be answered. Any thread.
  void lose() { let_go(); }
  // Waits until it is home, and then is the caller's to free. Errors: timed_out, cancelled; it is
  // then no longer the caller's.
  runtime::Task<Result<>> come_home(runtime::Wait wait);
  // Nobody waits for it any more.
  void abandon();

 protected:
  // On the shard that it was sent to: answer now, or keep it and answer later.
  virtual void arrive(ShardStore& at) = 0;
  // It came home and nobody waits any more.
  virtual void come_late() {}
  ShardStore& home() const { return home_; }

 private:
  static void deliver(Letter& letter, ShardStore& at);
  static void drop(Letter& letter);
  void arrive_home();
  void let_go();

  ShardStore& home_;
  runtime::Waiter* waiter_ = nullptr;
  bool answered_ = false;
  bool is_home_ = false;
  // Of the two ends, home and the letter on its way, the one that lets go last frees it.
  enum class Held : uint8_t { by_both, by_one };
  std::atomic<Held> held_{Held::by_both};
  bool abandoned_ = false;
};

}  // namespace weir::edge::cache
