#pragma once
// Shard: one core's share of the process: a reactor, the mail, and the tasks that run there.
// Everything that a shard owns is touched by its thread alone. A stop comes in two phases:
// `draining` (take nothing new, finish what runs), then `closing` (everything ends now).

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/mailbox.h"
#include "runtime/reactor.h"
#include "runtime/scope.h"

namespace weir::runtime {

class ShardGroup;

// Something that has work at the end of each step of a shard: after its mail, and after its reactor
// has resumed whoever was ready. No coroutine runs then. Unlinks itself when it dies.
class StepHook : public ListNode<StepHook> {
 public:
  using Callback = void (*)(void* owner);
  StepHook(Callback callback, void* owner) : callback_(callback), owner_(owner) {}

 private:
  friend class Shard;
  Callback callback_;
  void* owner_;
};

class Shard {
 public:
  Shard(size_t index, std::unique_ptr<Reactor> reactor, ShardGroup& group)
      : index_(index), reactor_(std::move(reactor)), group_(group), background_(*reactor_) {}

  size_t index() const { return index_; }
  size_t shard_count() const;
  Reactor& reactor() { return *reactor_; }
  MonoTime now() const { return reactor_->now(); }
  Scope& background() { return background_; }
  Cancel& draining() { return draining_; }
  Cancel& closing() { return closing_; }

  // Calls `function` on shard `to`, soon. False, without effect, when the ring to it is full.
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Message>)
  bool post(size_t to, F&& function) {
    Message message(std::forward<F>(function));
    return post(to, message);
  }
  // The same with a message that is kept, untouched, when the ring is full.
  bool post(size_t to, Message& message);
  // Calls the hook at the end of every step from now on; it may post, but not wait.
  void at_step_end(StepHook& hook) { step_hooks_.push_back(hook); }

  // How many connections it serves, or is about to; the others place theirs by it.
  std::atomic<uint32_t>& load() { return load_; }
  std::atomic<uint32_t>& load_of(size_t shard) const;
  // Where a new connection belongs whose packets arrive on core `core` (-1: unknown): on the shard
  // of that core, where that has hardly more connections than the one with the fewest; else there.
  size_t place_for(int core) const;
  // Where a connection of this shard should rather be; this shard, if that is elsewhere but has
  // too many.
  size_t better_place_for(int core) const;

  // One turn: mail, then the reactor.
  void turn(MonoTime limit);
  void wake_if_asleep() {
    if (asleep_.exchange(false, std::memory_order_seq_cst)) reactor_->wake();
  }

 private:
  void end_step();
  // The one with the fewest connections; this one if it is among them.
  size_t least_loaded() const;

  size_t index_;
  std::unique_ptr<Reactor> reactor_;
  ShardGroup& group_;
  Cancel draining_;
  Cancel closing_;
  Scope background_;
  List<StepHook> step_hooks_;
  alignas(64) std::atomic<bool> asleep_{false};
  alignas(64) std::atomic<uint32_t> load_{0};
};

// The shards of a process and the mail between them. Filled before any of them runs.
class ShardGroup {
 public:
  // `cores`: on which each is pinned, by shard; none where they are not.
  explicit ShardGroup(size_t count, std::vector<int> cores = {})
      : shards_(count), cores_(std::move(cores)), mail_(count) {}

  size_t size() const { return shards_.size(); }
  Shard& at(size_t index) { return *shards_[index]; }
  void put(size_t index, std::unique_ptr<Shard> shard) { shards_[index] = std::move(shard); }
  void drop(size_t index) { shards_[index].reset(); }
  // The shard that is pinned on `core`; nullopt where there is none.
  std::optional<size_t> shard_on(int core) const;
  Mailboxes& mail() { return mail_; }
  // From a thread that is no shard.
  template <class F>
  void post(size_t to, F&& function) {
    mail_.push_from_outside(to, Message(std::forward<F>(function)));
    at(to).wake_if_asleep();
  }

 private:
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<int> cores_;
  Mailboxes mail_;
};

inline size_t Shard::shard_count() const {
  return group_.size();
}

}  // namespace weir::runtime
