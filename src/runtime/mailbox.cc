#include "runtime/mailbox.h"

namespace weir::runtime {

void Mailboxes::deliver(size_t to) {
  Message message;
  for (size_t from = 0; from < shards_; ++from) {
    MessageRing& ring = rings_[from * shards_ + to];
    for (size_t n = 0; n < MessageRing::capacity && ring.pop(message); ++n)
      message();
  }
  Outside& box = outside_[to];
  if (!box.pending.load(std::memory_order_acquire)) return;
  std::vector<Message> messages;
  {
    const std::lock_guard lock(box.mutex);
    messages.swap(box.messages);
    box.pending.store(false, std::memory_order_relaxed);
  }
  for (Message& each : messages)
    each();
}

bool Mailboxes::empty(size_t to) const {
  for (size_t from = 0; from < shards_; ++from)
    if (!rings_[from * shards_ + to].empty()) return false;
  return !outside_[to].pending.load(std::memory_order_acquire);
}

}  // namespace weir::runtime
