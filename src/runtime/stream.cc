#include "runtime/stream.h"

#include "runtime/reactor.h"

namespace weir::runtime {

void StreamCloser::operator()(Stream* stream) const {
  WEIR_ASSERT(!stream->receiver_ && !stream->sender_);
  stream->close();
}

Stream::Stream(Reactor& reactor)
    : reactor_(reactor),
      recv_timer_(recv_late, this),
      send_timer_(send_late, this),
      recv_hook_(recv_cancelled, this),
      send_hook_(send_cancelled, this) {}

Stream::~Stream() {
  drop_queue();
}

bool Stream::wait_input(std::coroutine_handle<> caller, Wait wait) {
  WEIR_ASSERT(!receiver_);
  if (wait.cancel && wait.cancel->requested()) {
    recv_error_ = fail(ErrorCode::cancelled, "cancelled");
    return false;
  }
  receiver_ = caller;
  reactor_.timers().arm(recv_timer_, wait.until);
  if (wait.cancel) wait.cancel->attach(recv_hook_);
  resume_input();
  return true;
}

Result<Chunk> Stream::take_input() {
  if (!recv_error_) {
    const Error error = recv_error_.error();
    recv_error_ = {};
    return std::unexpected(error);
  }
  if (queue_head_ < queue_.size()) {
    Chunk chunk = std::move(queue_[queue_head_]);
    queued_bytes_ -= chunk.size();
    reactor_.received().remove(chunk.size());
    if (++queue_head_ == queue_.size()) {
      queue_.clear();
      queue_head_ = 0;
    }
    return chunk;
  }
  if (!direct_.empty()) return std::move(direct_);
  if (!end_) return std::unexpected(end_.error());
  return Chunk();
}

bool Stream::begin_send(std::coroutine_handle<> caller, std::span<iovec> parts, Wait wait) {
  WEIR_ASSERT(!sender_);
  send_result_ = {};
  stopping_send_ = false;
  if (wait.cancel && wait.cancel->requested()) {
    send_result_ = fail(ErrorCode::cancelled, "cancelled");
    return false;
  }
  size_t bytes = 0;
  for (const iovec& piece : parts)
    bytes += piece.iov_len;
  if (const std::optional<Result<>> outcome = start_send(parts, bytes)) {
    send_result_ = *outcome;
    if (*outcome) bytes_sent_ += bytes;
    return false;
  }
  sender_ = caller;
  reactor_.timers().arm(send_timer_, wait.until);
  if (wait.cancel) wait.cancel->attach(send_hook_);
  return true;
}

void Stream::on_received(Chunk chunk) {
  bytes_received_ += chunk.size();
  if (receiver_) {
    direct_ = std::move(chunk);
    recv_timer_.disarm();
    recv_hook_.unlink();
    std::exchange(receiver_, nullptr).resume();
    return;
  }
  // What the kernel had under way when the stream was cut off.
  if (ended_) return;
  ReceiveBudget& budget = reactor_.received();
  if (queued_chunks() == queued_chunks_max || !budget.admits(chunk.size(), queued_bytes_))
    return cut_off();
  queued_bytes_ += chunk.size();
  budget.add(chunk.size());
  queue_.push_back(std::move(chunk));
  if (input_paused_ || reads_on_after(0)) return;
  input_paused_ = true;
  budget.count_pause();
  pause_input();
}

bool Stream::reads_on_after(size_t bytes) const {
  if (receiver_) return true;
  return !input_paused_ && queued_chunks() + (bytes > 0 ? 1 : 0) < queued_chunks_pause &&
         reactor_.received().reads_on(queued_bytes_ + bytes);
}

void Stream::cut_off() {
  drop_queue();
  reactor_.received().count_cut_off();
  input_paused_ = true;
  pause_input();
  on_ended(fail(ErrorCode::overloaded, "too much was received that nobody has taken"));
}

void Stream::drop_queue() {
  if (queue_.empty()) return;
  reactor_.received().remove(queued_bytes_);
  queued_bytes_ = 0;
  queue_.clear();
  queue_head_ = 0;
}

void Stream::on_ended(Result<> how) {
  if (ended_) return;
  ended_ = true;
  end_ = how;
  if (on_end_) std::exchange(on_end_, nullptr)->request();
  if (!receiver_) return;
  recv_timer_.disarm();
  recv_hook_.unlink();
  std::exchange(receiver_, nullptr).resume();
}

void Stream::on_sent(Result<> result, size_t bytes) {
  bytes_sent_ += bytes;
  if (!stopping_send_) send_result_ = result;
  send_timer_.disarm();
  send_hook_.unlink();
  std::exchange(sender_, nullptr).resume();
}

void Stream::stop_receiver(Error why) {
  if (!receiver_) return;
  recv_error_ = std::unexpected(why);
  recv_timer_.disarm();
  recv_hook_.unlink();
  reactor_.resume_later(std::exchange(receiver_, nullptr));
}

void Stream::stop_sender(Error why) {
  if (!sender_ || stopping_send_) return;
  stopping_send_ = true;
  send_result_ = std::unexpected(why);
  abort_send();
}

void Stream::recv_late(void* self) {
  static_cast<Stream*>(self)->stop_receiver({ErrorCode::timed_out, "nothing received in time"});
}
void Stream::send_late(void* self) {
  static_cast<Stream*>(self)->stop_sender(
      {ErrorCode::timed_out, "peer does not take the bytes in time"});
}
void Stream::recv_cancelled(void* self) {
  static_cast<Stream*>(self)->stop_receiver({ErrorCode::cancelled, "cancelled"});
}
void Stream::send_cancelled(void* self) {
  static_cast<Stream*>(self)->stop_sender({ErrorCode::cancelled, "cancelled"});
}

}  // namespace weir::runtime
