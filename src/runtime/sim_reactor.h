#pragma once
// SimReactor: the reactor of a simulated shard. Time, network, disk and randomness are those of its
// SimWorld; many share one world and one thread. The world gives turns; when turn() is called
// directly instead, it moves the world's clock while nothing is ready, as a real one would wait.

#include <memory>
#include <vector>

#include "runtime/reactor.h"
#include "runtime/sim_world.h"

namespace weir::runtime {

class SimStream;

class SimReactor final : public Reactor {
 public:
  // `host`: where its connects come from, and whose disk its files are on; the port does not
  // matter.
  SimReactor(SimWorld& world, const Address& host);
  ~SimReactor() override;

  ReactorKind kind() const override { return ReactorKind::simulated; }
  MonoTime fresh_now() override { return world_.now(); }
  // `fd` is of SimNetwork::open_listener().
  Result<std::unique_ptr<Listener>> listen(int fd) override;
  StreamPtr adopt(int fd) override;
  // Packets arrive on a few cores, of which not each has a shard.
  static constexpr int packet_cores = 4;
  // (The two ends of a connection have numbers in a row.)
  int core_of_packets(int fd) const override { return fd / 2 % packet_cores; }
  Task<Result<StreamPtr>> connect(Address peer, Wait wait) override;
  // Unsupported: there is no descriptor here that could be polled.
  Task<Result<short>> poll(int fd, short events, Wait wait) override;
  void start_file_operation(FileOperation& operation) override;
  void turn(MonoTime limit) override;
  void wake() override { woken_ = true; }

  SimWorld& world() { return world_; }
  // Whether a turn would do something at once.
  bool has_work() const { return woken_ || has_ready() || !signalled_.empty(); }
  void read_clock() { now_ = world_.now(); }
  void jump_wall_clock(Duration by) { wall_offset_ += by; }

  // For streams: `stream` has something to do in the next turn.
  void signal(SimStream& stream) { signalled_.push_back(&stream); }
  void drop_signal(SimStream& stream);

 private:
  void run_streams();

  SimWorld& world_;
  const Address host_;
  bool woken_ = false;
  std::vector<SimStream*> signalled_;
};

}  // namespace weir::runtime
