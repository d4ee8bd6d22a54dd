#include "runtime/uring_reader.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "runtime/socket.h"
#include "runtime/system_call.h"
#include "runtime/uring_stream.h"

namespace weir::runtime {
namespace {

// A head and, of small answers, the body.
constexpr uint32_t head_read_bytes = 4096;

// A head that is like the last, and as little as possible behind it, which would be copied twice.
uint32_t bytes_for_head(uint64_t last) {
  constexpr uint64_t longer_by = 32;
  return static_cast<uint32_t>(
      std::bit_ceil(std::min<uint64_t>(last + longer_by, head_read_bytes)));
}

// What TCP_INQ says.
std::optional<uint64_t> behind(const msghdr& message) {
  const cmsghdr* field = CMSG_FIRSTHDR(&message);
  if (!field || field->cmsg_level != SOL_TCP || field->cmsg_type != TCP_CM_INQ) return std::nullopt;
  int bytes = 0;
  std::memcpy(&bytes, CMSG_DATA(field), sizeof bytes);
  return static_cast<uint64_t>(bytes);
}

}  // namespace

bool UringReader::wanted() const {
  return stream_.receiver_waits() || watching_ || (reads_ahead_ && stream_.reads_on_after(0));
}

void UringReader::arm() {
  if (armed_) return;
  armed_ = true;
  io_uring_prep_poll_multishot(ring_.submission(this), fd_, POLLIN | POLLRDHUP);
}

void UringReader::want(bool watch) {
  watching_ = watch;
  arm();
  if (readable_) read_soon();
}

void UringReader::read_soon() {
  if (scheduled_) return;
  scheduled_ = true;
  ring_.read_in_this_turn(*this);
}

void UringReader::expect_head() {
  answer_bytes_ = 0;
  const uint64_t last = std::exchange(relayed_head_bytes_, 0);
  next_bytes_ = last > 0 ? bytes_for_head(last) : head_read_bytes;
}

void UringReader::lend(uint64_t body_received) {
  // An answer that began while its request was still being sent counts from then on.
  relayed_head_bytes_ = answer_bytes_ - std::min(answer_bytes_, body_received);
  if (says_behind_) return;
  const int yes = 1;
  says_behind_ = setsockopt(fd_, IPPROTO_TCP, TCP_INQ, &yes, sizeof yes) == 0;
}

void UringReader::give_back(uint64_t taken) {
  if (behind_ == taken) readable_ = hung_up_;
  behind_.reset();
}

void UringReader::cancel() {
  if (armed_) ring_.cancel(*this);
}

bool UringReader::drained() {
  if (readable_ || !armed_) readable_ = !nothing_to_read(fd_);
  return !readable_;
}

void UringReader::on_complete(int result, uint32_t flags) {
  armed_ = flags & IORING_CQE_F_MORE;
  if (stream_.closing_) return stream_.delete_when_quiet();
  if (!armed_ && stream_.detaching_) return stream_.resume_detach();
  if (result >= 0) {
    readable_ = true;
    behind_.reset();
    hung_up_ |= (result & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  }
  if (!wanted()) return;
  if (result < 0 && result != -ECANCELED)
    return stream_.on_ended(std::unexpected(system_error(-result, "receiving failed")));
  arm();
  if (!scheduled_) read();
}

void UringReader::take_turn() {
  scheduled_ = false;
  if (stream_.closing_) return stream_.delete_when_quiet();
  if (stream_.detaching_) return stream_.resume_detach();
  read();
}

void UringReader::read() {
  if (!wanted() || !readable_) return;
  std::span<char> room = ring_.bulk_buffers().room();
  if (next_bytes_ != 0) room = room.first(std::min<size_t>(room.size(), next_bytes_));
  hand_over(receive(room), room.size());
}

ssize_t UringReader::receive(std::span<char> room) {
  behind_.reset();
  if (!says_behind_)
    return system_call(SYS_recvfrom, fd_, room.data(), room.size(), MSG_DONTWAIT, nullptr, nullptr);
  iovec into{room.data(), room.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = system_call(SYS_recvmsg, fd_, &message, MSG_DONTWAIT);
  if (size > 0) behind_ = behind(message);
  return size;
}

void UringReader::hand_over(ssize_t size, size_t asked) {
  if (size == -EAGAIN) {
    readable_ = false;
    return;
  }
  watching_ = false;
  if (size < 0)
    return stream_.on_ended(
        std::unexpected(system_error(static_cast<int>(-size), "receiving failed")));
  if (size == 0) return stream_.on_ended({});
  const bool full = static_cast<size_t>(size) == asked;
  readable_ = full || hung_up_;
  const bool small = next_bytes_ != 0;
  if (full) next_bytes_ = small && next_bytes_ < head_read_bytes ? head_read_bytes : 0;
  BulkBuffers& buffers = ring_.bulk_buffers();
  const auto bytes = static_cast<uint32_t>(size);
  answer_bytes_ += bytes;
  if (readable_ && reads_ahead_ && stream_.reads_on_after(bytes)) read_soon();
  stream_.on_received(small ? Chunk::copy_of({buffers.room().data(), bytes}) : buffers.take(bytes));
}

}  // namespace weir::runtime
