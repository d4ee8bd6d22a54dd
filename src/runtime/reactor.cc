#include "runtime/reactor.h"

#include <time.h>

#include "runtime/epoll_reactor.h"
#include "runtime/uring_reactor.h"

namespace weir::runtime {
namespace {

Duration read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return seconds(t.tv_sec) + nanoseconds(t.tv_nsec);
}

}  // namespace

MonoTime read_monotonic_clock() {
  return MonoTime(read_clock(CLOCK_MONOTONIC));
}
WallTime read_wall_clock() {
  return WallTime(read_clock(CLOCK_REALTIME));
}

Result<std::unique_ptr<Reactor>> Reactor::make(const ReactorOptions& options, uint64_t seed) {
  if (options.kind == ReactorKind::simulated)
    return fail(ErrorCode::unsupported, "a simulated reactor needs its world");
  if (options.kind == ReactorKind::epoll) return EpollReactor::make(options, seed);
  Result<std::unique_ptr<Reactor>> uring = UringReactor::make(options, seed);
  if (uring || options.kind == ReactorKind::io_uring) return uring;
  return EpollReactor::make(options, seed);
}

void Reactor::run_ready() {
  running_.swap(ready_);
  for (const std::coroutine_handle<> coroutine : running_)
    coroutine.resume();
  running_.clear();
}

}  // namespace weir::runtime
