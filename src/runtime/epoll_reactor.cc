#include "runtime/epoll_reactor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "runtime/epoll_stream.h"
#include "runtime/last_accepts.h"
#include "runtime/socket.h"
#include "runtime/waiter.h"

namespace weir::runtime {
namespace {

// One wait for events on a descriptor that is not a stream's.
class OneEvent final : public EpollWatcher {
 public:
  OneEvent(EpollReactor& reactor, int fd, uint32_t events)
      : queue_(reactor), reactor_(reactor), fd_(fd) {
    reactor_.watch(fd_, events | EPOLLONESHOT, *this);
  }
  ~OneEvent() {
    reactor_.forget(fd_);
    reactor_.drop_events(*this);
  }
  Task<Result<uint32_t>> wait(Wait limit) {
    Result<> result = co_await queue_.wait(limit);
    if (!result) co_return std::unexpected(result.error());
    co_return seen_;
  }
  void on_events(uint32_t events) override {
    seen_ = events;
    queue_.wake_one();
  }

 private:
  WaitQueue queue_;
  EpollReactor& reactor_;
  int fd_;
  uint32_t seen_ = 0;
};

class EpollListener final : public Listener, EpollWatcher {
 public:
  EpollListener(EpollReactor& reactor, int fd) : reactor_(reactor), fd_(fd), arrivals_(reactor) {
    set_nonblocking(fd, true);
  }
  ~EpollListener() override {
    watch(false);
    reactor_.drop_events(*this);
  }

  Task<Result<int>> accept(Wait wait) override {
    for (Result<> arrived;;) {
      if (last_.over(wait, [this] { return connections_queued(fd_); }))
        co_return fail(ErrorCode::cancelled, "cancelled");
      const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        last_.count();
        co_return fd;
      }
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EAGAIN) {
        const Error error = system_error(errno, "accepting failed");
        watch(false);  // or whoever is queued would wake us until there is a descriptor
        co_return std::unexpected(error);
      }
      if (!arrived) co_return std::unexpected(arrived.error());
      watch(true);
      arrived = co_await arrivals_.wait(wait);
    }
  }

 private:
  void on_events(uint32_t) override { arrivals_.wake_one(); }
  void watch(bool wanted) {
    if (std::exchange(watched_, wanted) == wanted) return;
    if (wanted)
      reactor_.watch(fd_, EPOLLIN | EPOLLEXCLUSIVE, *this);
    else
      reactor_.forget(fd_);
  }

  EpollReactor& reactor_;
  int fd_;
  bool watched_ = false;
  LastAccepts last_;
  WaitQueue arrivals_;
};

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

EpollBuffers::EpollBuffers(uint32_t count, uint32_t bytes)
    : bytes_(bytes), count_(std::max(count, 2u)), memory_(new char[size_t{count_} * bytes]) {
  for (uint32_t i = count_; i-- > 0;)
    free_.push_back(i);
}

char* EpollBuffers::next() {
  return memory_.get() + size_t{free_.back()} * bytes_;
}

Chunk EpollBuffers::take(size_t size) {
  // take() never hands out the second half, so next() always has one.
  if (free_.size() <= count_ / 2) return Chunk::copy_of({next(), size});
  const uint32_t index = free_.back();
  free_.pop_back();
  return Chunk(*this, index, memory_.get() + size_t{index} * bytes_, static_cast<uint32_t>(size));
}

Result<std::unique_ptr<Reactor>> EpollReactor::make(const ReactorOptions& options, uint64_t seed) {
  const MonoTime now = read_monotonic_clock();
  const Duration offset = read_wall_clock().time_since_epoch() - now.time_since_epoch();
  std::unique_ptr<EpollReactor> reactor(new EpollReactor(options, now, offset, seed));
  reactor->epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  reactor->wake_.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (reactor->epoll_fd_ < 0 || reactor->wake_.fd < 0)
    return std::unexpected(system_error(errno, "cannot set up epoll"));
  reactor->watch(reactor->wake_.fd, EPOLLIN, reactor->wake_);
  return reactor;
}

EpollReactor::EpollReactor(const ReactorOptions& options, MonoTime now, Duration wall_offset,
                           uint64_t seed)
    : Reactor(options, now, wall_offset, seed),
      buffers_(options.recv_buffers, options.recv_buffer_bytes),
      bulk_buffers_(options.bulk_buffers, options.bulk_buffer_bytes) {}

EpollReactor::~EpollReactor() {
  finish_file_operations();
  if (epoll_fd_ >= 0) ::close(epoll_fd_);
  if (wake_.fd >= 0) ::close(wake_.fd);
}

Result<std::unique_ptr<Listener>> EpollReactor::listen(int fd) {
  return std::make_unique<EpollListener>(*this, fd);
}

StreamPtr EpollReactor::adopt(int fd) {
  return StreamPtr(new EpollStream(*this, fd));
}

int EpollReactor::core_of_packets(int fd) const {
  return runtime::core_of_packets(fd);
}

Task<Result<StreamPtr>> EpollReactor::connect(Address peer, Wait wait) {
  WEIR_CO_TRY(const int fd, open_client_socket(peer, loopback_congestion_control_));
  set_nonblocking(fd, true);
  int error = ::connect(fd, peer.sockaddr_pointer(), peer.sockaddr_size()) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    Result<uint32_t> ready = fail(ErrorCode::io, "not waited for");
    {
      OneEvent event(*this, fd, EPOLLOUT);
      ready = co_await event.wait(wait);
    }
    if (!ready) {
      ::close(fd);
      co_return std::unexpected(Error{ready.error().code, "cannot connect"});
    }
    error = pending_error(fd);
  }
  if (error) {
    ::close(fd);
    co_return std::unexpected(system_error(error, "cannot connect"));
  }
  co_return adopt(fd);
}

Task<Result<short>> EpollReactor::poll(int fd, short events, Wait wait) {
  // POLLIN and POLLOUT are the same bits as EPOLLIN and EPOLLOUT.
  OneEvent event(*this, fd, static_cast<uint32_t>(events));
  Result<uint32_t> seen = co_await event.wait(wait);
  if (!seen) co_return std::unexpected(seen.error());
  co_return static_cast<short>(*seen);
}

void EpollReactor::watch(int fd, uint32_t events, EpollWatcher& watcher) {
  epoll_event event{.events = events, .data = {.ptr = &watcher}};
  WEIR_ASSERT(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0);
}

void EpollReactor::forget(int fd) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
}

void EpollReactor::drop_events(EpollWatcher& watcher) {
  for (Event& event : arrived_)
    if (event.watcher == &watcher) event.watcher = nullptr;
}

void EpollReactor::drop_reader(EpollStream& stream) {
  std::ranges::replace(readers_, &stream, nullptr);
}

int EpollReactor::wait_milliseconds(MonoTime limit) const {
  if (has_ready() || !readers_.empty()) return 0;
  const MonoTime until = std::min(limit, timers_.next());
  if (until <= now_) return 0;
  const auto wait = std::chrono::ceil<milliseconds>(std::min<Duration>(until - now_, hours(1)));
  return static_cast<int>(wait.count());
}

void EpollReactor::turn(MonoTime limit) {
  std::array<epoll_event, events_per_turn> events;
  const int count = epoll_wait(epoll_fd_, events.data(), events_per_turn, wait_milliseconds(limit));
  now_ = clock_.read();
  arrived_.clear();
  for (int i = 0; i < count; ++i)
    arrived_.push_back({static_cast<EpollWatcher*>(events[static_cast<size_t>(i)].data.ptr),
                        events[static_cast<size_t>(i)].events});
  // By index: a handler may drop events that are still to come.
  for (size_t i = 0; i < arrived_.size(); ++i)
    if (EpollWatcher* watcher = arrived_[i].watcher) watcher->on_events(arrived_[i].events);
  arrived_.clear();
  run_readers();
  deliver_file_answers();
  timers_.advance(now_);
  run_ready();
}

void EpollReactor::run_readers() {
  // What schedules itself again while we run waits for the next round. By index: a reader may drop
  // others.
  const size_t count = readers_.size();
  for (size_t i = 0; i < count; ++i)
    if (EpollStream* stream = std::exchange(readers_[i], nullptr)) stream->read_some();
  readers_.erase(readers_.begin(), readers_.begin() + static_cast<ptrdiff_t>(count));
}

void EpollReactor::WakeWatcher::on_events(uint32_t) {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t size = ::read(fd, &count, sizeof count);
}

void EpollReactor::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.fd, &one, sizeof one);
}

}  // namespace weir::runtime
