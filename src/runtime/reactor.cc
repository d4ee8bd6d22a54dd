#include "runtime/reactor.h"

#include <cerrno>
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

// The beginning of a frame, where it goes on and what it waited for.
void prefetch(std::coroutine_handle<> coroutine) {
  const auto* frame = static_cast<const char*>(coroutine.address());
  for (size_t line = 0; line < 4; ++line)
    __builtin_prefetch(frame + line * 64);
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

bool Reactor::admits_file_operation() {
  if (file_operations_count_ < file_operations_max_) return true;
  ++file_operations_refused_;
  return false;
}

void Reactor::enlist(FileOperation& operation) {
  file_operations_.push_back(operation);
  ++file_operations_count_;
}

void Reactor::delist(FileOperation& operation) {
  operation.unlink();
  --file_operations_count_;
}

void Reactor::start_on_thread(FileOperation& operation) {
  if (!file_threads_) return operation.answer(-ENOSYS);
  file_threads_->start(operation);
}

void Reactor::take_file_answer(FileOperation& operation) {
  file_answers_.put(operation);
  wake();
}

void Reactor::finish_file_operations() {
  constexpr Duration patience = seconds(5);
  const MonoTime end = after(read_monotonic_clock(), patience);
  while (!file_operations_.empty() && now_ < end)
    turn(after(read_monotonic_clock(), milliseconds(10)));
  if (file_threads_) file_threads_->forget(*this);
}

void Reactor::run_ready() {
  // When very many are ready, their frames have left the cache since they began to wait.
  constexpr size_t ahead = 3;
  running_.swap(ready_);
  for (size_t i = 0; i < running_.size(); ++i) {
    if (i + ahead < running_.size()) prefetch(running_[i + ahead]);
    running_[i].resume();
  }
  running_.clear();
}

}  // namespace weir::runtime
