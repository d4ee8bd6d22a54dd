#pragma once
// Task<T>: a coroutine that yields one T. Lazy: it starts when it is awaited, by symmetric
// transfer, and must be awaited at most once. Owns its frame. Stays on the shard where it was made.
// Exceptions of libraries must be caught in their adapters: one that escapes here ends the process.

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/assert.h"
#include "runtime/frame_pool.h"

namespace weir::runtime {

template <class T>
class Task;

namespace task_detail {

struct PromiseBase {
  std::coroutine_handle<> continuation;

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
      return done.promise().continuation;
    }
    void await_resume() noexcept {}
  };

  static void* operator new(size_t bytes) { return FramePool::take(bytes); }
  static void operator delete(void* frame, size_t bytes) { FramePool::give_back(frame, bytes); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return *std::move(value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() {}
};

}  // namespace task_detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = task_detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle frame) : frame_(frame) {}
  // One with nothing left to do, for a function that sometimes need not wait: it has no frame, and
  // awaiting it does not suspend.
  static Task done()
    requires std::is_void_v<T>
  {
    Task task(nullptr);
    task.done_ = true;
    return task;
  }
  Task(Task&& other) noexcept
      : frame_(std::exchange(other.frame_, nullptr)), done_(std::exchange(other.done_, false)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (frame_) frame_.destroy();
  }

  auto operator co_await() && noexcept {
    struct Awaiter {
      Handle frame;
      bool await_ready() noexcept { return std::is_void_v<T> && !frame; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        frame.promise().continuation = caller;
        return frame;
      }
      T await_resume() {
        if constexpr (!std::is_void_v<T>) return frame.promise().take();
      }
    };
    WEIR_ASSERT(done_ || (frame_ && !frame_.done()));
    return Awaiter{frame_};
  }

 private:
  Handle frame_;
  bool done_ = false;
};

template <class T>
Task<T> task_detail::Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline Task<void> task_detail::Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace weir::runtime
