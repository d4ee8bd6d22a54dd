#pragma once
// Cancel: the wish that some work ends early. Every wait that was given a Cancel answers
// ErrorCode::cancelled once request() is called, and so does every later one. Lives on one shard;
// must outlive the waits.

#include "base/list.h"
#include "base/time.h"

namespace weir::runtime {

// Something that wants to hear of a request. Unlinks itself when it dies.
class CancelHook : public ListNode<CancelHook> {
 public:
  using Callback = void (*)(void* owner);
  CancelHook(Callback callback, void* owner) : callback_(callback), owner_(owner) {}

 private:
  friend class Cancel;
  Callback callback_;
  void* owner_;
};

class Cancel {
 public:
  bool requested() const { return requested_; }
  void request() {
    requested_ = true;
    while (CancelHook* hook = hooks_.pop_front())
      hook->callback_(hook->owner_);
  }
  void attach(CancelHook& hook) { hooks_.push_back(hook); }

 private:
  bool requested_ = false;
  List<CancelHook> hooks_;
};

// How long a wait may take: until a time, or until somebody cancels. Each wait takes one; there is
// none without a bound unless `never` is written out.
struct Wait {
  MonoTime until;
  Cancel* cancel = nullptr;
};

}  // namespace weir::runtime
