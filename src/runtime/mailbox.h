#pragma once
// Mailboxes: how shards talk, by value. One bounded ring for each ordered pair of shards (one
// writer, one reader, no lock), and one locked box a shard for threads that are no shard (signals,
// blocking libraries), which is never on a request's way.

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::runtime {

// A call to make on another shard: any movable callable of at most 48 bytes.
class Message {
 public:
  static constexpr size_t bytes = 48;

  Message() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Message>)
  explicit Message(F&& function) {
    using Stored = std::remove_cvref_t<F>;
    static_assert(sizeof(Stored) <= bytes && alignof(Stored) <= alignof(std::max_align_t));
    static_assert(std::is_nothrow_move_constructible_v<Stored>);
    new (storage_) Stored(std::forward<F>(function));
    handle_ = [](Action action, void* self, void* other) {
      auto* stored = static_cast<Stored*>(self);
      if (action == Action::call) (*stored)();
      if (action == Action::move) new (other) Stored(std::move(*stored));
      stored->~Stored();
    };
  }
  Message(Message&& other) noexcept { take(other); }
  Message& operator=(Message&& other) noexcept {
    if (this == &other) return *this;
    drop();
    take(other);
    return *this;
  }
  ~Message() { drop(); }

  // Calls it, once.
  void operator()() {
    if (auto handle = std::exchange(handle_, nullptr)) handle(Action::call, storage_, nullptr);
  }

 private:
  enum class Action : unsigned char { call, move, drop };
  void take(Message& other) {
    handle_ = std::exchange(other.handle_, nullptr);
    if (handle_) handle_(Action::move, other.storage_, storage_);
  }
  void drop() {
    if (auto handle = std::exchange(handle_, nullptr)) handle(Action::drop, storage_, nullptr);
  }

  alignas(std::max_align_t) std::byte storage_[bytes];
  void (*handle_)(Action, void*, void*) = nullptr;
};

// One writer, one reader, 1,024 messages.
class MessageRing {
 public:
  static constexpr size_t capacity = 1024;

  // False when full; the message is then untouched.
  bool push(Message& message) {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == capacity) return false;
    slots_[tail % capacity] = std::move(message);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  bool pop(Message& message) {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return false;
    message = std::move(slots_[head % capacity]);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }
  bool empty() const {
    return head_.load(std::memory_order_relaxed) == tail_.load(std::memory_order_acquire);
  }

 private:
  alignas(64) std::atomic<size_t> head_{0};
  alignas(64) std::atomic<size_t> tail_{0};
  std::array<Message, capacity> slots_;
};

// All mail of a process.
class Mailboxes {
 public:
  explicit Mailboxes(size_t shards)
      : shards_(shards), rings_(new MessageRing[shards * shards]), outside_(new Outside[shards]) {}

  // From shard `from` to shard `to`. False when the ring is full: the caller keeps the message and
  // decides.
  bool push(size_t from, size_t to, Message& message) {
    return rings_[from * shards_ + to].push(message);
  }
  // From a thread that is no shard.
  void push_from_outside(size_t to, Message message) {
    Outside& box = outside_[to];
    const std::lock_guard lock(box.mutex);
    box.messages.push_back(std::move(message));
    box.pending.store(true, std::memory_order_release);
  }
  // Calls what has arrived for `to`; each ring at most once around, so that two shards cannot keep
  // each other busy for ever.
  void deliver(size_t to);
  bool empty(size_t to) const;

 private:
  struct Outside {
    std::mutex mutex;
    std::vector<Message> messages;
    std::atomic<bool> pending{false};
  };

  size_t shards_;
  std::unique_ptr<MessageRing[]> rings_;
  std::unique_ptr<Outside[]> outside_;
};

}  // namespace weir::runtime
