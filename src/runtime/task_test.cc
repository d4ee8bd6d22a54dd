#include "runtime/task.h"

#include <doctest/doctest.h>

namespace weir::runtime {

namespace {

Task<> work(int& steps) {
  ++steps;
  co_return;
}

// Works only where something is to be done, as a function that seldom has to wait.
Task<> work_if(bool wanted, int& steps) {
  return wanted ? work(steps) : Task<>::done();
}

Task<> both(int& steps) {
  co_await work_if(false, steps);
  co_await work_if(true, steps);
  ++steps;
}

// Runs a Task that never waits for anything.
struct Runner {
  struct promise_type {
    Runner get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
};
Runner run(Task<> task, bool& ended) {
  co_await std::move(task);
  ended = true;
}

}  // namespace

TEST_CASE("a task that is done has nothing to run, and whoever awaits it goes on at once") {
  int steps = 0;
  bool ended = false;
  run(Task<>::done(), ended);
  CHECK(ended);
  ended = false;
  run(both(steps), ended);
  CHECK(ended);
  CHECK(steps == 2);
}

TEST_CASE("a task starts when it is awaited, not before") {
  int steps = 0;
  bool ended = false;
  {
    const Task<> never_awaited = work(steps);
  }
  CHECK(steps == 0);
  run(work(steps), ended);
  CHECK(steps == 1);
}

}  // namespace weir::runtime
