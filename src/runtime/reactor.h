#pragma once
// Reactor: what one shard waits on: sockets, files, timers, other shards. Three back ends behind
// one interface: io_uring, epoll, and simulated (virtual clock, network, disk and randomness from a
// seed).
// Belongs to one thread; only wake() may be called from others.
//
// A turn: submit what the coroutines asked for, wait until something happens or a deadline passes,
// then resume whoever waited for it. The clock is read once a turn.

#include <coroutine>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/list.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/cancel.h"
#include "runtime/file_threads.h"
#include "runtime/pipes.h"
#include "runtime/receive_budget.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "runtime/timer_wheel.h"

namespace weir::runtime {

enum class ReactorKind : uint8_t { automatic, io_uring, epoll, simulated };

// Bounds of a reactor; from the settings `runtime.*`.
struct ReactorOptions {
  ReactorKind kind = ReactorKind::automatic;
  uint32_t recv_buffers = 512;
  uint32_t recv_buffer_bytes = 16384;
  // For streams that receive much.
  uint32_t bulk_buffers = 32;
  uint32_t bulk_buffer_bytes = 131072;
  // Bytes that were received and wait: of a stream, and of all of them.
  size_t stream_bytes = 256 << 10;
  size_t received_bytes = 256 << 20;
  uint32_t relays = 256;  // under way at a time
  // The congestion control of connections over loopback; empty: the system's.
  std::string loopback_congestion_control;
  uint32_t file_operations_max = 1024;
  // Without them, what would block a shard is unsupported.
  FileThreads* file_threads = nullptr;
};

// A listening socket that one shard accepts from.
class Listener {
 public:
  virtual ~Listener() = default;
  // A new connection, to be given to Reactor::adopt() of this or of another shard. Errors:
  // overloaded (no descriptors left), cancelled (only once those that were queued by then are
  // taken; whoever comes later is left in the queue), timed_out, io.
  virtual Task<Result<int>> accept(Wait wait) = 0;
};

class Reactor {
 public:
  // `automatic` takes io_uring where the kernel allows it and epoll otherwise. Call on the thread
  // that will run it.
  static Result<std::unique_ptr<Reactor>> make(const ReactorOptions& options, uint64_t seed);
  virtual ~Reactor() = default;
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  virtual ReactorKind kind() const = 0;
  // The time at the start of this turn.
  MonoTime now() const { return now_; }
  WallTime wall_now() const { return WallTime(now_.time_since_epoch() + wall_offset_); }
  // Reads the clock (about 25 ns); the simulated one answers now().
  virtual MonoTime fresh_now() = 0;
  TimerWheel& timers() { return timers_; }
  Random& random() { return random_; }

  // For relay.h.
  Pipes& pipes() { return pipes_; }

  // Resumes `coroutine` later in this turn or in the next, never from inside this call.
  void resume_later(std::coroutine_handle<> coroutine) { ready_.push_back(coroutine); }

  // `fd` listens already, and is shared with the other shards.
  virtual Result<std::unique_ptr<Listener>> listen(int fd) = 0;
  // Takes over a connection that accept() or detach() gave.
  virtual StreamPtr adopt(int fd) = 0;
  // On which core the packets of such a connection arrive; -1 where that is not known.
  virtual int core_of_packets(int fd) const = 0;
  virtual Task<Result<StreamPtr>> connect(Address peer, Wait wait) = 0;
  // Waits until `fd` has one of `events` (POLLIN, POLLOUT); answers those that it has.
  virtual Task<Result<short>> poll(int fd, short events, Wait wait) = 0;

  // What runtime/file_operation.h is made of. The operation answers once, later or at once.
  virtual void start_file_operation(FileOperation& operation) = 0;
  // Nobody waits for it any more; it answers all the same.
  virtual void abandon_file_operation(FileOperation&) {}
  // Whether one more may be under way; counts those that may not (a metric).
  bool admits_file_operation();
  uint64_t file_operations_refused() const { return file_operations_refused_; }
  void enlist(FileOperation& operation);
  void delist(FileOperation& operation);
  // From a file thread.
  void take_file_answer(FileOperation& operation);

  // One turn. Waits at most until `limit` when nothing is ready.
  virtual void turn(MonoTime limit) = 0;
  // Waits, for a moment, until what was closed is gone. The last call on the reactor's thread.
  virtual void finish() {}
  // Ends a wait of turn(), from any thread.
  virtual void wake() = 0;

  // How often no receive buffer was left (a metric).
  virtual uint64_t buffers_exhausted() const { return buffers_exhausted_; }
  // What its streams hold.
  ReceiveBudget& received() { return received_; }

 protected:
  Reactor(const ReactorOptions& options, MonoTime now, Duration wall_offset, uint64_t seed)
      : now_(now),
        wall_offset_(wall_offset),
        timers_(now),
        loopback_congestion_control_(options.loopback_congestion_control),
        received_(options.stream_bytes, options.received_bytes),
        pipes_(options.relays),
        file_operations_max_(options.file_operations_max),
        file_threads_(options.file_threads),
        random_(seed) {}

  bool has_ready() const { return !ready_.empty(); }
  // Resumes everything that was ready when it was called. The last step of a turn: whoever runs the
  // reactor sees what ended before it waits again.
  void run_ready();

  // Gives the operation to a file thread.
  void start_on_thread(FileOperation& operation);
  void deliver_file_answers() { file_answers_.deliver(); }
  // Gives turns until every file operation has answered, for a while. Whatever has not by then is
  // leaked, since the kernel may still write to its memory.
  void finish_file_operations();

  MonoTime now_;
  Duration wall_offset_;
  TimerWheel timers_;
  const std::string loopback_congestion_control_;
  uint64_t buffers_exhausted_ = 0;
  List<FileOperation> file_operations_;

 private:
  ReceiveBudget received_;
  Pipes pipes_;
  uint32_t file_operations_max_;
  uint32_t file_operations_count_ = 0;
  uint64_t file_operations_refused_ = 0;
  FileThreads* file_threads_;
  FileInbox file_answers_;
  Random random_;
  std::vector<std::coroutine_handle<>> ready_;
  std::vector<std::coroutine_handle<>> running_;
};

// The two clocks of the machine.
MonoTime read_monotonic_clock();
WallTime read_wall_clock();

}  // namespace weir::runtime
