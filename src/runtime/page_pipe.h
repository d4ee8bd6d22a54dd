#pragma once
// PagePipe: how the pages of a FileMemory get into a socket without a copy: vmsplice(2) takes them
// out of our own page tables into a pipe, splice(2) from there into the socket. sendfile(2) does
// the same, but looks each page up in the file, which is a third of what sending costs. One a
// shard; empty between two calls. What the socket has no room for is dropped from the pipe again.

#include <cstddef>
#include <span>
#include <sys/uio.h>

#include "base/result.h"
#include "runtime/file_memory.h"

namespace weir::runtime {

class PagePipe {
 public:
  // `memory` outlives it. Where the system has no pipe left, takes() nothing.
  explicit PagePipe(const FileMemory& memory) : memory_(memory) {}
  PagePipe(const PagePipe&) = delete;
  PagePipe& operator=(const PagePipe&) = delete;
  ~PagePipe() { close_all(); }

  // Whether `part` is sent in this way: it is lent, and long enough to be worth it.
  bool takes(const iovec& part) const {
    return part.iov_len >= bytes_min && memory_.lent(part.iov_base);
  }
  // Sends as much of `parts`, all of which it takes, as the socket takes at once, and as the pipe
  // holds; how much that was. The socket does not wait. `more`: further bytes follow at once. The
  // process ignores SIGPIPE, which splice(2) cannot be told not to raise. Errors: reset, io;
  // unsupported: there is no pipe, and nothing has happened.
  Result<size_t> send(int fd, std::span<const iovec> parts, bool more);

 private:
  // Shorter runs are cheaper to copy than to hand over.
  static constexpr size_t bytes_min = 16 * 1024;

  bool open();
  void drop(size_t bytes);
  void close_all();

  const FileMemory& memory_;
  int read_end_ = -1;
  int write_end_ = -1;
  int nowhere_ = -1;  // /dev/null
};

}  // namespace weir::runtime
