#pragma once
// SimStream: a simulated connection as its shard sees it. How much a receive brings, and whether a
// send answers at once (as on epoll) or later (as on io_uring), is drawn from the seed.

#include "runtime/sim_reactor.h"

namespace weir::runtime {

class SimStream final : public Stream, SimWatcher {
 public:
  SimStream(SimReactor& reactor, SimSocket& socket);

  void shutdown_send() override { socket_->shutdown_send(); }
  void abort_on_close() override { reset_on_close_ = true; }
  Address peer() const override { return socket_->remote(); }
  Address local() const override { return socket_->local(); }
  int core_of_packets() const override;
  Task<int> detach() override;
  bool broken() const override { return socket_->broken(); }

  // Does what was signalled: ends sends, receives.
  void run();

 protected:
  void want_input() override;
  void pause_input() override;
  std::optional<Result<>> start_send(std::span<iovec> parts, size_t bytes) override;
  void abort_send() override;
  void close() override;

 private:
  // How often one stream may receive before the others of its shard have their turn.
  static constexpr int receives_per_turn = 8;
  // Chunks that still come after a pause, as from a kernel that had them under way; at most.
  static constexpr uint64_t late_chunks_max = 4;

  ~SimStream() override;
  void on_ready() override { signal(); }
  void signal();
  void run_send();
  void run_receive();
  bool may_receive() const { return !paused_ || late_chunks_ > 0; }
  // Receives once; false when there is nothing more to receive now.
  bool receive_once();
  // Sends what the socket takes; the outcome once it is known.
  std::optional<Result<>> push();

  SimReactor& reactor_;
  SimSocket* socket_;
  bool signalled_ = false;
  bool paused_ = false;
  bool running_ = false;
  bool closing_ = false;
  bool reset_on_close_ = false;
  uint64_t late_chunks_ = 0;
  std::span<iovec> unsent_;
  size_t sent_bytes_ = 0;
  std::optional<Result<>> late_outcome_;
};

}  // namespace weir::runtime
