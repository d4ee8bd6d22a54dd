#include "runtime/sim_stream.h"

#include "runtime/socket.h"

namespace weir::runtime {
namespace {

constexpr size_t receive_bytes_max = 16 << 10;

}  // namespace

SimStream::SimStream(SimReactor& reactor, SimSocket& socket)
    : Stream(reactor), reactor_(reactor), socket_(&socket) {
  socket_->watch(this);
}

SimStream::~SimStream() {
  if (signalled_) reactor_.drop_signal(*this);
  if (socket_) socket_->close(reset_on_close_);
}

// Whoever sends them wanders from core to core.
int SimStream::core_of_packets() const {
  return static_cast<int>(reactor_.world().random().below(SimReactor::packet_cores));
}

Task<int> SimStream::detach() {
  if (!quiet() || socket_->has_input()) co_return -1;
  socket_->watch(nullptr);
  co_return std::exchange(socket_, nullptr)->id();
}

void SimStream::signal() {
  if (signalled_ || closing_ || !socket_) return;
  signalled_ = true;
  reactor_.signal(*this);
}

void SimStream::want_input() {
  paused_ = false;
  if (socket_->has_input()) signal();
}

void SimStream::pause_input() {
  paused_ = true;
  late_chunks_ = reactor_.world().random().below(late_chunks_max + 1);
}

void SimStream::run() {
  signalled_ = false;
  running_ = true;
  const bool send_first = reactor_.world().random().below(2) == 0;
  if (send_first) run_send();
  run_receive();
  if (!send_first) run_send();
  running_ = false;
  if (closing_) delete this;
}

void SimStream::run_send() {
  if (closing_) return;
  if (!late_outcome_ && !unsent_.empty()) late_outcome_ = push();
  if (!late_outcome_) return;
  unsent_ = {};
  on_sent(*std::exchange(late_outcome_, std::nullopt), sent_bytes_);
}

void SimStream::run_receive() {
  int receives = 0;
  while (!closing_ && socket_ && may_receive() && receives < receives_per_turn && receive_once())
    ++receives;
  if (!closing_ && socket_ && may_receive() && !input_ended() && socket_->has_input()) signal();
}

bool SimStream::receive_once() {
  if (input_ended()) return false;
  Random& random = reactor_.world().random();
  const size_t bytes_max = random.below(4) == 0 ? 1 + random.below(64) : receive_bytes_max;
  std::optional<Result<Chunk>> received = socket_->receive(bytes_max);
  if (!received) return false;
  if (!*received) {
    on_ended(std::unexpected(received->error()));
    return false;
  }
  if ((*received)->empty()) {
    on_ended({});
    return false;
  }
  if (paused_) --late_chunks_;
  on_received(std::move(**received));
  return true;
}

std::optional<Result<>> SimStream::start_send(std::span<iovec> parts, size_t) {
  unsent_ = without(parts, 0);
  sent_bytes_ = 0;
  std::optional<Result<>> outcome = push();
  if (!outcome) return std::nullopt;
  if (reactor_.world().random().below(2) == 0) {
    unsent_ = {};
    return outcome;
  }
  late_outcome_ = outcome;
  signal();
  return std::nullopt;
}

std::optional<Result<>> SimStream::push() {
  if (unsent_.empty()) return Result<>{};
  const Result<size_t> taken = socket_->send(unsent_);
  if (!taken) return std::unexpected(taken.error());
  sent_bytes_ += *taken;
  unsent_ = without(unsent_, *taken);
  if (unsent_.empty()) return Result<>{};
  return std::nullopt;
}

void SimStream::abort_send() {
  // Part of the bytes may be on their way, so the stream is lost in any case.
  socket_->shutdown_both();
  signal();
}

void SimStream::close() {
  closing_ = true;
  if (!running_) delete this;
}

}  // namespace weir::runtime
