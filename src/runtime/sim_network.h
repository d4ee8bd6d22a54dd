#pragma once
// SimNetwork: the network and the kernels of a simulated world: listeners by address, connections
// as pairs of SimSockets. Everything is named by ids, which stand where descriptors stand in the
// real one; they begin at 1,000,000, so that none is ever a real descriptor. Owned by SimWorld.

#include <map>
#include <memory>
#include <vector>

#include "runtime/sim_socket.h"

namespace weir::runtime {

// Somebody who connects. Told once, unless it gives up before.
class SimConnecting {
 public:
  // `socket` is now the connecting side's, or -1: refused.
  virtual void on_connected(int socket) = 0;

 protected:
  ~SimConnecting() = default;
};

struct SimTraffic {
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
};

class SimNetwork final : public SimTarget {
 public:
  static constexpr size_t backlog_max = 128;

  SimNetwork(SimSchedule& schedule, const SimLinkFaults& faults)
      : schedule_(schedule), faults_(faults) {}

  // Port 0 takes a free one; "[::]" answers for every address that has no listener of its own.
  Result<int> open_listener(Address address);
  // Connections that nobody has accepted are reset.
  void close_listener(int id);
  Address listener_address(int id) const;
  // For connections to `listener` from now on, instead of the world's.
  void set_faults(const Address& listener, const SimLinkFaults& faults);

  // The oldest connection that waits at the listener; -1 when there is none.
  int take_connection(int listener);
  size_t connections_queued(int listener) const;
  // `watcher` hears of connections that come.
  void watch_listener(int listener, SimWatcher& watcher);
  void unwatch_listener(int listener, SimWatcher& watcher);

  // Answers an id for give_up().
  uint64_t connect(const Address& from, const Address& to, SimConnecting& who);
  void give_up(uint64_t attempt) { attempts_.erase(attempt); }

  // nullptr when there is none of that id.
  SimSocket* find(int id);

  // What is held in all sockets together.
  size_t held_bytes() const;
  size_t sockets() const { return sockets_.size(); }
  // Of all sockets of a host (whatever the port) that are not closed yet: what its processes have
  // received less what they have sent is what they hold, if they only pass bytes on.
  SimTraffic traffic_of(const Address& host) const;

  // For the sockets.
  enum Event : uint32_t { arrival, reset, room, connect_request, connect_answer };
  SimSchedule& schedule() { return schedule_; }
  Duration latency(const SimLinkFaults& faults) {
    return faults.latency_min + schedule_.up_to(faults.latency_spread);
  }
  void erase(int id, int peer);

 private:
  struct Listener {
    Address address;
    std::vector<int> queue;
    std::vector<SimWatcher*> watchers;
  };
  struct Attempt {
    Address from;
    Address to;
    SimConnecting* who;
    int socket = -1;
  };

  void on_event(uint32_t what, uint64_t id) override;
  void on_connect_request(uint64_t id);
  void on_connect_answer(uint64_t id);
  void establish(Attempt& attempt, Listener& listener);
  Listener* listener_at(const Address& address);
  const SimLinkFaults& faults_of(const Address& listener) const;

  SimSchedule& schedule_;
  SimLinkFaults faults_;
  std::vector<std::pair<Address, SimLinkFaults>> faults_by_listener_;
  std::map<int, std::unique_ptr<SimSocket>> sockets_;
  std::map<int, Listener> listeners_;
  std::map<uint64_t, Attempt> attempts_;
  // Established for somebody who gave up before hearing of it.
  std::map<uint64_t, int> unclaimed_;
  uint64_t next_attempt_ = 1;
  int next_id_ = 1'000'000;
  uint16_t next_port_ = 20'000;
};

}  // namespace weir::runtime
