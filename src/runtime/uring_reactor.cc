#include "runtime/uring_reactor.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <deque>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/socket.h"
#include "runtime/uring_file.h"
#include "runtime/uring_reader.h"
#include "runtime/uring_stream.h"
#include "runtime/waiter.h"

namespace weir::runtime {
namespace {

constexpr unsigned submission_entries = 1024, completion_entries = 16384;

// So much is handled in a turn: what the first ask for is on its way before the last are heard,
// when many come at once.
constexpr unsigned completions_per_turn = 256;
// So many are handed to the kernel together: it works best on many, but what they name is to be in
// the cache still.
constexpr unsigned submissions_at_a_time = 64;

// A single operation that a coroutine awaits. It lives in the coroutine's frame until the kernel
// has answered: a deadline or a cancellation asks the kernel to end it, and the answer to that is
// what resumes the coroutine.
class Single final : public UringOperation {
 public:
  Single(UringReactor& reactor, Wait wait)
      : reactor_(reactor), wait_(wait), timer_(late, this), hook_(cancelled, this) {}

  io_uring_sqe* submission() { return reactor_.submission(this); }

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    reactor_.timers().arm(timer_, wait_.until);
    if (!wait_.cancel) return;
    if (wait_.cancel->requested()) return cancelled(this);
    wait_.cancel->attach(hook_);
  }
  // The kernel's result (>= 0), or why there is none.
  Result<int> await_resume() {
    if (stopped_.sys || stopped_.text) return std::unexpected(stopped_);
    if (result_ < 0) return std::unexpected(system_error(-result_, "operation failed"));
    return result_;
  }

  void on_complete(int result, uint32_t) override {
    timer_.disarm();
    hook_.unlink();
    result_ = result;
    if (result >= 0) stopped_ = {};
    caller_.resume();
  }

 private:
  static void late(void* self) {
    static_cast<Single*>(self)->stop({ErrorCode::timed_out, "deadline passed"});
  }
  static void cancelled(void* self) {
    static_cast<Single*>(self)->stop({ErrorCode::cancelled, "cancelled"});
  }
  void stop(Error why) {
    if (stopped_.text) return;
    stopped_ = why;
    reactor_.cancel(*this);
  }

  UringReactor& reactor_;
  Wait wait_;
  Timer timer_;
  CancelHook hook_;
  std::coroutine_handle<> caller_;
  Error stopped_{ErrorCode::io, nullptr};
  int result_ = 0;
};

// The multishot accept of a listener. Outlives the listener until the kernel has let go of it.
class AcceptOperation final : public UringOperation {
 public:
  AcceptOperation(UringReactor& reactor, int fd) : reactor_(reactor), fd_(fd), arrivals_(reactor) {
    reactor_.add_operation();
  }

  void release() {
    released_ = true;
    if (!armed_) return delete this;
    reactor_.cancel(*this);
  }
  Task<Result<int>> accept(Wait wait) {
    for (;;) {
      const bool cancelled = wait.cancel && wait.cancel->requested();
      if (cancelled && !std::exchange(swept_, true)) co_await sweep();
      if (!accepted_.empty()) co_return take_first();
      if (const Error error = std::exchange(error_, Error{ErrorCode::io, nullptr}); error.text)
        co_return std::unexpected(error);
      if (cancelled) co_return fail(ErrorCode::cancelled, "cancelled");
      arm();
      Result<> arrived = co_await arrivals_.wait(wait);
      if (!arrived && arrived.error().code != ErrorCode::cancelled)
        co_return std::unexpected(arrived.error());
    }
  }
  void on_complete(int result, uint32_t flags) override {
    armed_ = flags & IORING_CQE_F_MORE;
    if (result >= 0) accepted_.push_back(result);
    if (result < 0 && result != -ECANCELED) error_ = system_error(-result, "accepting failed");
    if (released_ && !armed_) return delete this;
    arrivals_.wake_one();
  }

 private:
  ~AcceptOperation() {
    reactor_.remove_operation();
    for (const int fd : accepted_)
      ::close(fd);
  }
  int take_first() {
    const int fd = accepted_.front();
    accepted_.pop_front();
    return fd;
  }
  void arm() {
    if (armed_) return;
    armed_ = true;
    io_uring_prep_multishot_accept(reactor_.submission(this), fd_, nullptr, nullptr, SOCK_CLOEXEC);
  }
  // What the kernel accepts before it lets go has a client that waits for an answer, and so has
  // what is queued by then: a fresh submission takes that before it could wait.
  Task<> sweep() {
    co_await disarm();
    arm();
    co_await disarm();
  }
  // Until the kernel has let go.
  Task<> disarm() {
    if (armed_) reactor_.cancel(*this);
    while (armed_)
      (void)co_await arrivals_.wait({never});
  }

  UringReactor& reactor_;
  int fd_;
  bool armed_ = false;
  bool released_ = false;
  bool swept_ = false;
  Error error_{ErrorCode::io, nullptr};
  std::deque<int> accepted_;
  WaitQueue arrivals_;
};

class UringListener final : public Listener {
 public:
  UringListener(UringReactor& reactor, int fd) : operation_(new AcceptOperation(reactor, fd)) {}
  ~UringListener() override { operation_->release(); }
  Task<Result<int>> accept(Wait wait) override { return operation_->accept(wait); }

 private:
  AcceptOperation* operation_;
};

}  // namespace

UringBuffers::UringBuffers(io_uring& ring, uint16_t group, uint32_t count, uint32_t bytes)
    : ring_(ring),
      group_(group),
      count_(std::bit_ceil(std::max(count, 2u))),
      bytes_(bytes),
      // Not a power of two apart: the first lines of all buffers would fall into the same few cache
      // sets.
      stride_((bytes + 63) / 64 * 64 + 64),
      available_(count_) {}

UringBuffers::~UringBuffers() {
  if (entries_) munmap(entries_, count_ * sizeof(io_uring_buf));
  if (memory_) munmap(memory_, size_t{count_} * stride_);
}

Result<> UringBuffers::enroll() {
  const auto map = [](size_t size) {
    return mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  };
  void* entries = map(count_ * sizeof(io_uring_buf));
  void* memory = map(size_t{count_} * stride_);
  if (entries != MAP_FAILED) entries_ = static_cast<io_uring_buf_ring*>(entries);
  if (memory != MAP_FAILED) memory_ = static_cast<char*>(memory);
  if (!entries_ || !memory_) return fail(ErrorCode::overloaded, "no memory for receive buffers");
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uint64_t>(entries_);
  registration.ring_entries = count_;
  registration.bgid = group_;
  if (const int r = io_uring_register_buf_ring(&ring_, &registration, 0); r < 0)
    return std::unexpected(system_error(-r, "cannot register receive buffers"));
  io_uring_buf_ring_init(entries_);
  for (uint32_t i = 0; i < count_; ++i) {
    io_uring_buf_ring_add(entries_, at(i), bytes_, static_cast<unsigned short>(i),
                          io_uring_buf_ring_mask(count_), static_cast<int>(i));
  }
  io_uring_buf_ring_advance(entries_, static_cast<int>(count_));
  return {};
}

Chunk UringBuffers::take(uint32_t index, uint32_t size) {
  --available_;
  if (size > 0 && available_ >= count_ / 2) return Chunk(*this, index, at(index), size);
  Chunk copy = Chunk::copy_of({at(index), size});
  give_back(index);
  return copy;
}

void UringBuffers::give_back(uint32_t index) {
  io_uring_buf_ring_add(entries_, at(index), bytes_, static_cast<unsigned short>(index),
                        io_uring_buf_ring_mask(count_), 0);
  io_uring_buf_ring_advance(entries_, 1);
  ++available_;
}

void UringBuffers::arm_starved() {
  if (starved_.empty() || available_ == 0) return;
  std::vector<UringStream*> streams;
  streams.swap(starved_);
  for (UringStream* stream : streams)
    stream->resume_starved();
}

Result<std::unique_ptr<Reactor>> UringReactor::make(const ReactorOptions& options, uint64_t seed) {
  const MonoTime now = read_monotonic_clock();
  const Duration offset = read_wall_clock().time_since_epoch() - now.time_since_epoch();
  std::unique_ptr<UringReactor> reactor(new UringReactor(options, now, offset, seed));
  WEIR_CHECK(reactor->set_up(options));
  return reactor;
}

UringReactor::UringReactor(const ReactorOptions& options, MonoTime now, Duration wall_offset,
                           uint64_t seed)
    : Reactor(options, now, wall_offset, seed),
      wake_operation_(*this),
      bulk_buffers_(options.bulk_buffers, options.bulk_buffer_bytes) {}

Result<> UringReactor::set_up(const ReactorOptions& options) {
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
                     IORING_SETUP_CLAMP;
  parameters.cq_entries = completion_entries;
  if (const int r = io_uring_queue_init_params(submission_entries, &ring_, &parameters); r < 0)
    return std::unexpected(system_error(-r, "io_uring is not available"));
  ring_made_ = true;
  io_uring_register_ring_fd(&ring_);
  buffers_ =
      std::make_unique<UringBuffers>(ring_, 1, options.recv_buffers, options.recv_buffer_bytes);
  WEIR_CHECK(buffers_->enroll());
  WEIR_CHECK(bulk_buffers_.allocate());
  wake_fd_ = eventfd(0, EFD_CLOEXEC);
  if (wake_fd_ < 0) return std::unexpected(system_error(errno, "cannot make an eventfd"));
  arm_wake();
  return {};
}

void UringReactor::finish() {
  if (ring_made_) finish_file_operations();
  // The answers to the last cancellations come with the next turns.
  constexpr int turns_max = 100;
  for (int i = 0; ring_made_ && operations_ > 0 && i < turns_max; ++i)
    turn(after(read_monotonic_clock(), milliseconds(1)));
}

UringReactor::~UringReactor() {
  finish();
  if (ring_made_) io_uring_queue_exit(&ring_);
  if (wake_fd_ >= 0) ::close(wake_fd_);
}

Result<std::unique_ptr<Listener>> UringReactor::listen(int fd) {
  return std::make_unique<UringListener>(*this, fd);
}

StreamPtr UringReactor::adopt(int fd) {
  return StreamPtr(new UringStream(*this, fd));
}

int UringReactor::core_of_packets(int fd) const {
  return runtime::core_of_packets(fd);
}

Task<Result<StreamPtr>> UringReactor::connect(Address peer, Wait wait) {
  WEIR_CO_TRY(const int fd, open_client_socket(peer, loopback_congestion_control_));
  Single operation(*this, wait);
  io_uring_prep_connect(operation.submission(), fd, peer.sockaddr_pointer(), peer.sockaddr_size());
  Result<int> connected = co_await operation;
  if (!connected) {
    ::close(fd);
    co_return std::unexpected(
        Error{connected.error().code, "cannot connect", connected.error().sys});
  }
  co_return adopt(fd);
}

Task<Result<short>> UringReactor::poll(int fd, short events, Wait wait) {
  Single operation(*this, wait);
  io_uring_prep_poll_add(operation.submission(), fd, static_cast<unsigned>(events));
  Result<int> ready = co_await operation;
  if (!ready) co_return std::unexpected(ready.error());
  co_return static_cast<short>(*ready);
}

void UringReactor::start_file_operation(FileOperation& operation) {
  if (!UringFileOperation::start(*this, operation)) start_on_thread(operation);
}

void UringReactor::abandon_file_operation(FileOperation& operation) {
  if (operation.ticket != 0) cancel(UringFileOperation::of(operation));
}

io_uring_sqe* UringReactor::submission(UringOperation* operation) {
  if (io_uring_sq_ready(&ring_) >= submissions_at_a_time) io_uring_submit(&ring_);
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  while (!sqe) {
    io_uring_submit(&ring_);
    sqe = io_uring_get_sqe(&ring_);
  }
  // liburing's prepare functions leave user_data alone.
  io_uring_sqe_set_data(sqe, operation);
  return sqe;
}

void UringReactor::cancel(UringOperation& operation) {
  io_uring_sqe* sqe = submission(nullptr);
  io_uring_prep_cancel(sqe, &operation, 0);
}

void UringReactor::turn(MonoTime limit) {
  submit_and_wait(limit);
  now_ = clock_.read();
  dispatch();
  deliver_file_answers();
  timers_.advance(now_);
  read_bulk();
  run_ready();
  buffers_->arm_starved();
}

void UringReactor::submit_and_wait(MonoTime limit) {
  const bool busy = has_ready() || !readers_.empty() || io_uring_cq_ready(&ring_) > 0;
  const MonoTime until = busy ? now_ : std::min(limit, timers_.next());
  if (until <= now_) {
    io_uring_submit_and_get_events(&ring_);
    return;
  }
  const Duration wait = std::min<Duration>(until - now_, hours(1));
  __kernel_timespec timeout{.tv_sec = wait / seconds(1), .tv_nsec = (wait % seconds(1)).count()};
  io_uring_cqe* first = nullptr;
  io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
}

void UringReactor::dispatch() {
  unsigned head = 0, count = 0;
  io_uring_cqe* completion = nullptr;
  io_uring_for_each_cqe(&ring_, head, completion) {
    ++count;
    auto* operation = static_cast<UringOperation*>(io_uring_cqe_get_data(completion));
    if (operation) operation->on_complete(completion->res, completion->flags);
    if (count == completions_per_turn) break;
  }
  io_uring_cq_advance(&ring_, count);
}

void UringReactor::read_bulk() {
  reading_.swap(readers_);
  for (UringReader* reader : reading_)
    reader->take_turn();
  reading_.clear();
}

void UringReactor::arm_wake() {
  io_uring_prep_read(submission(&wake_operation_), wake_fd_, &wake_operation_.count,
                     sizeof wake_operation_.count, 0);
}

void UringReactor::WakeOperation::on_complete(int, uint32_t) {
  reactor.arm_wake();
}

void UringReactor::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);
}

}  // namespace weir::runtime
