#include "runtime/page_pipe.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/system_call.h"

namespace weir::runtime {
namespace {

// As long as a piece of file memory, whose pages are then all handed over in one call.
constexpr int pipe_bytes = FileMemory::piece_bytes;

}  // namespace

Result<size_t> PagePipe::send(int fd, std::span<const iovec> parts, bool more) {
  if (read_end_ < 0 && !open()) return fail(ErrorCode::unsupported, "no pipe is left");
  const ssize_t held =
      system_call(SYS_vmsplice, write_end_, parts.data(), parts.size(), SPLICE_F_NONBLOCK);
  if (held <= 0)
    return fail(ErrorCode::unsupported, "the pages cannot be had", static_cast<int>(-held));
  const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0u);
  const auto bytes = static_cast<size_t>(held);
  const ssize_t sent = system_call(SYS_splice, read_end_, nullptr, fd, nullptr, bytes, flags);
  const size_t gone = sent > 0 ? static_cast<size_t>(sent) : 0;
  if (gone < bytes) drop(bytes - gone);
  if (sent >= 0 || sent == -EAGAIN) return gone;
  return std::unexpected(system_error(static_cast<int>(-sent), "sending failed"));
}

bool PagePipe::open() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  read_end_ = ends[0];
  write_end_ = ends[1];
  nowhere_ = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  // Where the user may not have so much, it keeps what it has.
  fcntl(write_end_, F_SETPIPE_SZ, pipe_bytes);
  return true;
}

void PagePipe::drop(size_t bytes) {
  while (bytes > 0) {
    const ssize_t dropped =
        system_call(SYS_splice, read_end_, nullptr, nowhere_, nullptr, bytes, SPLICE_F_NONBLOCK);
    // The next call makes a new one.
    if (dropped <= 0) return close_all();
    bytes -= static_cast<size_t>(dropped);
  }
}

void PagePipe::close_all() {
  for (int* fd : {&read_end_, &write_end_, &nowhere_}) {
    if (*fd >= 0) ::close(*fd);
    *fd = -1;
  }
}

}  // namespace weir::runtime
