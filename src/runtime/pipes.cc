#include "runtime/pipes.h"

#include <fcntl.h>
#include <unistd.h>

namespace weir::runtime {
namespace {

// A pipe holds pieces of packets, not bytes: 64 pieces are 90 KiB at worst, as they come from a
// network, and megabytes over loopback. Where the user may not have so much, it keeps its 16.
constexpr int pipe_bytes = 64 * 4096;
constexpr size_t spare_max = 16;

void close_both(Pipe pipe) {
  ::close(pipe.read_end);
  ::close(pipe.write_end);
}

}  // namespace

Pipes::~Pipes() {
  for (const Pipe pipe : spare_)
    close_both(pipe);
}

std::optional<Pipe> Pipes::take() {
  int ends[2];
  Pipe pipe;
  if (!spare_.empty()) {
    pipe = spare_.back();
    spare_.pop_back();
  } else if (out_ < out_max_ && ::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
    pipe = {ends[0], ends[1]};
    fcntl(pipe.write_end, F_SETPIPE_SZ, pipe_bytes);
  } else {
    ++refused_;
    return std::nullopt;
  }
  ++out_;
  return pipe;
}

void Pipes::give_back(Pipe pipe, bool empty) {
  --out_;
  if (empty && spare_.size() < spare_max)
    spare_.push_back(pipe);
  else
    close_both(pipe);
}

}  // namespace weir::runtime
