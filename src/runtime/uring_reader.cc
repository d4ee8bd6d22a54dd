#include "runtime/uring_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "runtime/uring_stream.h"

namespace weir::runtime {
namespace {

// A head and, of small answers, the body.
constexpr uint32_t head_read_bytes = 4096;

ssize_t read_socket(int fd, char* to, size_t bytes, int flags) {
  ssize_t size = 0;
  do {
    size = ::recv(fd, to, bytes, MSG_DONTWAIT | flags);
  } while (size < 0 && errno == EINTR);
  return size < 0 ? -errno : size;
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
  next_bytes_ = head_read_bytes;
}

void UringReader::cancel() {
  if (armed_) ring_.cancel(*this);
}

void UringReader::taken(uint64_t bytes) {
  if (std::exchange(behind_, unknown) == bytes && !hung_up_) readable_ = false;
  if (std::exchange(counts_, true)) return;
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_INQ, &on, sizeof on);
}

bool UringReader::drained() {
  if (!readable_) return true;
  char byte;
  if (read_socket(fd_, &byte, 1, MSG_PEEK) != -EAGAIN) return false;
  readable_ = false;
  return true;
}

void UringReader::on_complete(int result, uint32_t flags) {
  armed_ = flags & IORING_CQE_F_MORE;
  if (stream_.closing_) return stream_.delete_when_quiet();
  if (!armed_ && stream_.detaching_) return stream_.resume_detach();
  if (result >= 0) {
    readable_ = true;
    behind_ = unknown;
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
  const std::span<char> room = ring_.bulk_buffers().room();
  const size_t asked = next_bytes_ == 0 ? room.size() : std::min<size_t>(room.size(), next_bytes_);
  behind_ = unknown;
  const bool counted = counts_ && next_bytes_ != 0;
  hand_over(counted ? read_and_count(room.first(asked)) : read_socket(fd_, room.data(), asked, 0),
            asked);
}

ssize_t UringReader::read_and_count(std::span<char> room) {
  iovec part{room.data(), room.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> notes;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = notes.data();
  message.msg_controllen = notes.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(fd_, &message, MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return -errno;
  const cmsghdr* note = CMSG_FIRSTHDR(&message);
  if (note && note->cmsg_level == IPPROTO_TCP && note->cmsg_type == TCP_CM_INQ) {
    int left = 0;
    std::memcpy(&left, CMSG_DATA(note), sizeof left);
    behind_ = static_cast<uint64_t>(left);
  }
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
  if (full) next_bytes_ = 0;
  BulkBuffers& buffers = ring_.bulk_buffers();
  const auto bytes = static_cast<uint32_t>(size);
  if (readable_ && reads_ahead_ && stream_.reads_on_after(bytes)) read_soon();
  const bool copied = small && !buffers.plenty();
  stream_.on_received(copied ? Chunk::copy_of({buffers.room().data(), bytes})
                             : buffers.take(bytes));
}

}  // namespace weir::runtime
