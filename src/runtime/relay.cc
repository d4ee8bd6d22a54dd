#include "runtime/relay.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "runtime/next_turn.h"
#include "runtime/socket.h"
#include "runtime/system_call.h"

namespace weir::runtime {
namespace {

// After so much others have their turn.
constexpr uint64_t turn_bytes_max = 1024 * 1024;
// What a slow target may keep of the kernel's memory, besides what its socket has.
constexpr uint64_t held_bytes_max = 256 * 1024;

// Bytes that moved; 0 at the end of the source; -errno.
ssize_t move(int from, int to, uint64_t bytes) {
  return system_call(SYS_splice, from, nullptr, to, nullptr, bytes,
                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

class Relaying {
 public:
  Relaying(const RelayEnd& from, const RelayEnd& to, int source, int target, Pipe pipe,
           uint64_t bytes)
      : reactor_(from.stream.reactor()),
        from_(from),
        to_(to),
        source_(source),
        target_(target),
        pipe_(pipe),
        left_(bytes) {}

  Task<Relayed> run(std::span<iovec> first) {
    while (!first.empty() && result_.target) {
      const ssize_t sent = send_first(first);
      if (sent < 0) result_.target = co_await ready(to_, target_, POLLOUT, sent);
    }
    uint64_t turn_ends = turn_bytes_max;
    while (left_ + held_ > 0 && result_.source && result_.target) {
      const bool filling = held_ == 0;
      const ssize_t moved = filling ? fill() : drain();
      if (moved < 0 && filling)
        result_.source = co_await ready(from_, source_, POLLIN | POLLRDHUP, moved);
      else if (moved < 0)
        result_.target = co_await ready(to_, target_, POLLOUT, moved);
      if (result_.bytes < turn_ends) continue;
      turn_ends = result_.bytes + turn_bytes_max;
      co_await NextTurn{reactor_};
    }
    co_return result_;
  }
  bool pipe_is_empty() const { return held_ == 0; }

 private:
  // These three do what can be done at once; -errno: nothing could.

  // What follows at once joins its last packet.
  ssize_t send_first(std::span<iovec>& parts) {
    const Result<size_t> sent = send_at_once(target_, parts, MSG_MORE);
    if (!sent) return -sent.error().sys;
    if (*sent == 0) return -EAGAIN;
    corked_ = true;
    parts = without(parts, *sent);
    return static_cast<ssize_t>(*sent);
  }

  ssize_t fill() {
    const ssize_t moved = move(source_, pipe_.write_end, std::min(left_, held_bytes_max));
    if (moved > 0) {
      held_ = static_cast<uint64_t>(moved);
      left_ -= held_;
    } else if (moved == 0) {
      result_.source = fail(ErrorCode::closed, "connection ended inside the body");
    } else if (std::exchange(corked_, false)) {
      push_out(target_);
    }
    return moved;
  }

  ssize_t drain() {
    const ssize_t moved = move(pipe_.read_end, target_, held_);
    if (moved > 0) {
      corked_ = false;
      held_ -= static_cast<uint64_t>(moved);
      result_.bytes += static_cast<uint64_t>(moved);
    }
    return moved == 0 ? -EPIPE : moved;
  }

  // Waits after EAGAIN; any other `error` is an end.
  Task<Result<>> ready(const RelayEnd& end, int fd, short events, ssize_t error) {
    if (error != -EAGAIN)
      co_return std::unexpected(system_error(static_cast<int>(-error), "relaying failed"));
    const MonoTime until = std::min(end.wait.until, after(reactor_.now(), end.patience));
    const Result<short> polled = co_await reactor_.poll(fd, events, {until, end.wait.cancel});
    if (!polled) co_return std::unexpected(polled.error());
    co_return Result<>{};
  }

  Reactor& reactor_;
  const RelayEnd& from_;
  const RelayEnd& to_;
  const int source_;
  const int target_;
  const Pipe pipe_;
  uint64_t left_;        // to come from the source
  uint64_t held_ = 0;    // in the pipe
  bool corked_ = false;  // the target keeps the end of what it has for what comes next
  Relayed result_;
};

}  // namespace

Task<std::optional<Relayed>> relay(RelayEnd from, RelayEnd to, std::span<iovec> first,
                                   uint64_t bytes) {
  const int target = to.stream.lend_output();
  if (target < 0) co_return std::nullopt;
  const int source = from.stream.lend_input(from.body_received);
  Pipes& pipes = from.stream.reactor().pipes();
  const std::optional<Pipe> pipe = source < 0 ? std::nullopt : pipes.take();
  std::optional<Relayed> result;
  if (pipe) {
    Relaying relaying(from, to, source, target, *pipe, bytes);
    result = co_await relaying.run(first);
    pipes.give_back(*pipe, relaying.pipe_is_empty());
  }
  if (source >= 0) from.stream.give_back(result ? result->bytes : 0);
  to.stream.give_back(0);
  co_return result;
}

}  // namespace weir::runtime
