#include "runtime/epoll_stream.h"

#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/socket.h"

namespace weir::runtime {
namespace {

// How often one stream may read before the others of its shard have their turn.
constexpr int reads_per_turn = 8;

}  // namespace

EpollStream::EpollStream(EpollReactor& reactor, int fd)
    : Stream(reactor), poller_(reactor), fd_(fd) {
  set_nonblocking(fd, true);
  poller_.watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, *this);
}

EpollStream::~EpollStream() {
  poller_.drop_events(*this);
  if (scheduled_) poller_.drop_reader(*this);
  if (fd_ >= 0) ::close(fd_);
}

void EpollStream::shutdown_send() {
  ::shutdown(fd_, SHUT_WR);
}
void EpollStream::abort_on_close() {
  reset_on_close(fd_);
}
Address EpollStream::peer() const {
  return peer_of(fd_);
}
bool EpollStream::broken() const {
  return is_broken(fd_);
}
Address EpollStream::local() const {
  return local_of(fd_);
}
int EpollStream::core_of_packets() const {
  return runtime::core_of_packets(fd_);
}

Task<int> EpollStream::detach() {
  if (!quiet() || !nothing_to_read(fd_)) co_return -1;
  poller_.forget(fd_);
  co_return std::exchange(fd_, -1);
}

void EpollStream::want_input() {
  paused_ = false;
  if (readable_) schedule();
}

void EpollStream::schedule() {
  if (scheduled_ || closing_) return;
  scheduled_ = true;
  poller_.read_later(*this);
}

void EpollStream::read_some() {
  scheduled_ = false;
  enter();
  int reads = 0;
  while (!closing_ && !paused_ && readable_ && reads < reads_per_turn && read_once())
    ++reads;
  if (!closing_ && !paused_ && readable_ && !input_ended()) schedule();
  leave();
}

bool EpollStream::read_once() {
  EpollBuffers& buffers = poller_.buffers(bulk_ || filled_);
  const ssize_t size = ::recv(fd_, buffers.next(), buffers.buffer_bytes(), MSG_DONTWAIT);
  if (size > 0) {
    const auto bytes = static_cast<size_t>(size);
    filled_ = bytes == buffers.buffer_bytes() || (filled_ && bytes >= buffers.buffer_bytes() / 4);
    on_received(buffers.take(bytes));
    return true;
  }
  readable_ = false;
  if (size == 0) {
    on_ended({});
  } else if (errno == EINTR) {
    readable_ = true;
  } else if (errno != EAGAIN) {
    on_ended(std::unexpected(system_error(errno, "receiving failed")));
  }
  return readable_;
}

void EpollStream::on_events(uint32_t events) {
  enter();
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
    readable_ = true;
    if (!paused_) schedule();
  }
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR) && !unsent_.empty()) {
    if (const std::optional<Result<>> outcome = push()) {
      unsent_ = {};
      on_sent(*outcome, sent_bytes_);
    }
  }
  leave();
}

std::optional<Result<>> EpollStream::start_send(std::span<iovec> parts, size_t) {
  unsent_ = without(parts, 0);
  sent_bytes_ = 0;
  std::optional<Result<>> outcome = push();
  if (outcome) unsent_ = {};
  return outcome;
}

std::optional<Result<>> EpollStream::push() {
  while (!unsent_.empty()) {
    const Result<size_t> sent = send_some(fd_, unsent_, poller_.page_pipe());
    if (!sent) return std::unexpected(sent.error());
    if (*sent == 0) return std::nullopt;
    sent_bytes_ += *sent;
  }
  return Result<>{};
}

void EpollStream::abort_send() {
  // Part of the bytes may be on their way, so the stream is lost in any case; the event that
  // follows ends the send.
  ::shutdown(fd_, SHUT_RDWR);
}

void EpollStream::close() {
  closing_ = true;
  if (entered_ == 0) delete this;
}

void EpollStream::leave() {
  if (--entered_ == 0 && closing_) delete this;
}

}  // namespace weir::runtime
