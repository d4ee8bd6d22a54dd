#include "runtime/uring_stream.h"

#include <algorithm>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/socket.h"

namespace weir::runtime {
namespace {

// A piece of so much is sent at once, while it is in the cache, and its buffer is back for the next
// receive. What has only smaller pieces waits for the others of its turn: a system call each costs
// more, because it sends the peer to work while we are still at ours, and has our code and the
// kernel's take turns in the cache (15 % of a request of 1 KiB, and of the 16 of a pipeline).
constexpr size_t send_at_once_bytes_min = 16 * 1024;

bool has_large_piece(std::span<const iovec> parts) {
  return std::ranges::any_of(
      parts, [](const iovec& piece) { return piece.iov_len >= send_at_once_bytes_min; });
}

}  // namespace

UringStream::UringStream(UringReactor& reactor, int fd) : Stream(reactor), ring_(reactor), fd_(fd) {
  ring_.add_operation();
}

UringStream::~UringStream() {
  ring_.remove_operation();
  if (fd_ >= 0) ::close(fd_);
}

void UringStream::shutdown_send() {
  ::shutdown(fd_, SHUT_WR);
}
void UringStream::abort_on_close() {
  reset_on_close(fd_);
}
Address UringStream::peer() const {
  return peer_of(fd_);
}
bool UringStream::broken() const {
  return is_broken(fd_);
}
Address UringStream::local() const {
  return local_of(fd_);
}
int UringStream::core_of_packets() const {
  return runtime::core_of_packets(fd_);
}

bool UringStream::quiet() const {
  if (has_input()) return false;
  if (reader_) return reader_->drained();
  return recv_armed_ ? !more_waits_ : nothing_to_read(fd_);
}

// What is expected to be much stays in the socket until somebody wants it.
void UringStream::read_by_ourselves() {
  reader_ = std::make_unique<UringReader>(*this, ring_, fd_, !expects_bulk_);
  pause_input();
}

void UringStream::want_input() {
  // What was armed before there was a reader goes on until it is paused.
  if (!reader_ || recv_armed_) return arm_recv();
  reader_->want(!receiver_waits());
}

void UringStream::read_on() {
  if (!reader_) return arm_recv();
  if (!leaving_) reader_->want(false);
}

void UringStream::arm_recv() {
  if (recv_armed_ || starved_ || closing_ || leaving_ || lent_) return;
  recv_armed_ = true;
  pausing_ = false;
  switch_to(true);
  io_uring_sqe* sqe = ring_.submission(&recv_);
  io_uring_prep_recv_multishot(sqe, fd_, nullptr, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = ring_.buffers().group();
  // The first look is a poll: an idle connection has nothing to read, and asking costs a system
  // call's worth of work.
  if (!more_waits_) sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
}

void UringStream::pause_input() {
  if (!recv_armed_ || pausing_) return;
  pausing_ = true;
  ring_.cancel(recv_);
}

void UringStream::recv_done(int result, uint32_t flags) {
  const bool more = flags & IORING_CQE_F_MORE;
  recv_armed_ = more;
  more_waits_ = flags & IORING_CQE_F_SOCK_NONEMPTY;
  Chunk chunk;
  if (flags & IORING_CQE_F_BUFFER) {
    chunk = ring_.buffers().take(flags >> IORING_CQE_BUFFER_SHIFT,
                                 static_cast<uint32_t>(result > 0 ? result : 0));
  }
  if (closing_) return delete_when_quiet();
  if (detaching_ && !more) resume_detach();
  if (result <= 0) return recv_failed(result, more);
  if (!reader_ && comes_in_bulk(chunk.size())) read_by_ourselves();
  // Without "more" the kernel has stopped; go on only if somebody wants the bytes.
  if (!more && !pausing_ && reads_on_after(chunk.size())) read_on();
  on_received(std::move(chunk));
}

// What is to stay in the socket until it is wanted must not come before.
bool UringStream::comes_in_bulk(size_t bytes) const {
  return bytes == ring_.buffers().bytes() || (expects_bulk_ && !receiver_waits());
}

void UringStream::recv_failed(int result, bool more) {
  if (more) return;
  switch (-result) {
    case 0:
      return on_ended({});
    case ENOBUFS:
      starved_ = true;
      ring_.count_starved();
      return ring_.buffers().starved(*this);
    case ECANCELED:
      pausing_ = false;
      if (reads_on_after(0)) read_on();
      return;
    case EINTR:
    case EAGAIN:
      return read_on();
    default:
      return on_ended(std::unexpected(system_error(-result, "receiving failed")));
  }
}

std::optional<Result<>> UringStream::start_send(std::span<iovec> parts, size_t bytes) {
  if (reader_) reader_->expect_head();
  sent_bytes_ = 0;
  send_bytes_ = bytes;
  // A relay's streams would have to be switched for the ring, and back for the next relay.
  if (!waits_ || has_large_piece(parts)) {
    const Result<size_t> sent = send_by_ourselves(parts);
    if (!sent) return std::unexpected(sent.error());
    if (*sent == bytes) return Result<>{};
    sent_bytes_ = *sent;
  }
  submit_send(parts);
  return std::nullopt;
}

// A receive that was armed before waits in the ring all the same: what counts is how the descriptor
// was when it was armed.
Result<size_t> UringStream::send_by_ourselves(std::span<iovec>& parts) {
  const auto has_pages = [this](const iovec& part) { return ring_.page_pipe()->takes(part); };
  if (ring_.page_pipe() && std::ranges::any_of(parts, has_pages)) switch_to(false);
  return send_some(fd_, parts, ring_.page_pipe());
}

void UringStream::submit_send(std::span<iovec> parts) {
  send_under_way_ = true;
  io_uring_sqe* sqe = ring_.submission(&send_);
  if (begins_with_pages(ring_.page_pipe(), parts)) {
    unsent_ = parts;
    return io_uring_prep_poll_add(sqe, fd_, POLLOUT);
  }
  switch_to(true);
  constexpr int flags = MSG_NOSIGNAL | MSG_WAITALL;
  if (parts.size() == 1) {
    io_uring_prep_send(sqe, fd_, parts[0].iov_base, parts[0].iov_len, flags);
  } else {
    message_.msg_iov = parts.data();
    message_.msg_iovlen = parts.size();
    io_uring_prep_sendmsg(sqe, fd_, &message_, flags);
  }
}

void UringStream::abort_send() {
  // Part of the bytes may be on their way, so the stream is lost in any case; this ends the send at
  // once.
  ::shutdown(fd_, SHUT_RDWR);
}

void UringStream::send_done(int result, uint32_t) {
  send_under_way_ = false;
  if (closing_) return delete_when_quiet();
  if (!unsent_.empty()) return go_on_sending(result);
  const size_t sent = sent_bytes_ + static_cast<size_t>(result > 0 ? result : 0);
  if (result < 0) return on_sent(std::unexpected(system_error(-result, "sending failed")), sent);
  if (sent < send_bytes_)
    return on_sent(fail(ErrorCode::reset, "connection ended while sending"), sent);
  on_sent({}, sent);
}

void UringStream::go_on_sending(int events) {
  std::span<iovec> parts = std::exchange(unsent_, {});
  if (events < 0)
    return on_sent(std::unexpected(system_error(-events, "sending failed")), sent_bytes_);
  const Result<size_t> sent = send_by_ourselves(parts);
  if (!sent) return on_sent(std::unexpected(sent.error()), sent_bytes_);
  sent_bytes_ += *sent;
  if (sent_bytes_ == send_bytes_) return on_sent({}, sent_bytes_);
  submit_send(parts);
}

Task<int> UringStream::detach() {
  leaving_ = true;
  if (recv_armed_) ring_.cancel(recv_);
  if (reader_) reader_->cancel();
  if (input_armed()) {
    struct Detached {
      UringStream& stream;
      bool await_ready() const { return false; }
      void await_suspend(std::coroutine_handle<> caller) { stream.detaching_ = caller; }
      void await_resume() const {}
    };
    co_await Detached{*this};
  }
  if (!quiet()) {
    leaving_ = false;
    co_return -1;
  }
  switch_to(true);
  co_return std::exchange(fd_, -1);
}

void UringStream::resume_detach() {
  if (!input_armed()) reactor().resume_later(std::exchange(detaching_, nullptr));
}

int UringStream::lend_input(uint64_t body_received) {
  if (!reader_) read_by_ourselves();
  if (recv_armed_ || receiver_waits() || has_input()) return -1;
  reader_->lend(body_received);
  return lend();
}

int UringStream::lend_output() {
  return send_under_way_ ? -1 : lend();
}

// Reading and writing by ourselves must not wait, and stays so: of a client's connection nothing
// may be armed before it is lent again. That saves a proxy half of the switches.
int UringStream::lend() {
  lent_ = true;
  switch_to(false);
  return fd_;
}

void UringStream::give_back(uint64_t taken) {
  lent_ = false;
  if (reader_) reader_->give_back(taken);
  if (receiver_waits()) want_input();
}

void UringStream::switch_to(bool waits) {
  if (waits == waits_) return;
  waits_ = waits;
  set_nonblocking(fd_, !waits);
}

void UringStream::resume_starved() {
  starved_ = false;
  if (closing_) return delete_when_quiet();
  if (receiver_waits()) want_input();
}

void UringStream::close() {
  closing_ = true;
  if (recv_armed_) ring_.cancel(recv_);
  if (reader_) reader_->cancel();
  delete_when_quiet();
}

void UringStream::delete_when_quiet() {
  if (recv_armed_ || send_under_way_ || starved_ || (reader_ && reader_->busy())) return;
  delete this;
}

}  // namespace weir::runtime
