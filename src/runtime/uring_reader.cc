#include "runtime/uring_reader.h"

#include <algorithm>
#include <cerrno>
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
  hand_over(read_socket(fd_, room.data(), asked, 0), asked);
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
  stream_.on_received(small ? Chunk::copy_of({buffers.room().data(), bytes}) : buffers.take(bytes));
}

}  // namespace weir::runtime
