#pragma once
// SimSocket: one end of a simulated connection, as a kernel would keep it: what is on its way here,
// what has arrived and was not received, and what the link does to what is sent. Owned by
// SimNetwork, named by its id (the "descriptor"), alive until both ends have closed.
//
// Bytes that were sent and not yet received are bounded by the receiver's window, so back-pressure
// is real. They are cut and delayed as the link's faults say, but arrive in order, once.

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <sys/uio.h>

#include "base/address.h"
#include "base/buffer.h"
#include "base/result.h"
#include "runtime/chunk.h"
#include "runtime/sim_faults.h"
#include "runtime/sim_schedule.h"

namespace weir::runtime {

class SimNetwork;

// Hears that there may be something to receive, or room to send. Called outside of turns.
class SimWatcher {
 public:
  virtual void on_ready() = 0;

 protected:
  ~SimWatcher() = default;
};

class SimSocket {
 public:
  struct Ends {
    int id;
    int peer;
    Address local;
    Address remote;
  };
  SimSocket(SimNetwork& network, const Ends& ends, const SimLinkFaults& faults);
  SimSocket(const SimSocket&) = delete;
  SimSocket& operator=(const SimSocket&) = delete;

  int id() const { return ends_.id; }
  const Address& local() const { return ends_.local; }
  const Address& remote() const { return ends_.remote; }
  // One at a time; nullptr for none.
  void watch(SimWatcher* watcher) { watcher_ = watcher; }

  // How many bytes were taken; when not all of them, the watcher hears of room.
  Result<size_t> send(std::span<const iovec> parts);
  // At most `bytes_max` bytes, an empty chunk at the end, nothing when there is nothing yet.
  std::optional<Result<Chunk>> receive(size_t bytes_max);
  // Whether a reset has come.
  bool broken() const { return reset_; }
  bool has_input() const { return !arrived_.empty() || fin_arrived_ || receive_ended_ || reset_; }
  void shutdown_send();
  void shutdown_both();
  // With a reset when it is wished or when bytes have arrived that nobody received, as TCP does.
  // The socket may be gone afterwards.
  void close(bool reset);

  // Bytes that this end holds or that are on their way to it.
  size_t held_bytes() const { return flying_bytes_ + arrived_.size(); }
  uint64_t sent_bytes() const { return sent_bytes_; }
  uint64_t received_bytes() const { return received_bytes_; }

 private:
  friend class SimNetwork;
  enum class Break : uint8_t { none, reset, silence };
  struct Segment {
    MonoTime at;
    std::string bytes;
    bool end = false;
  };

  SimSocket& peer();
  size_t room() const;
  MonoTime arrival(size_t bytes);
  void fly(std::string_view bytes);
  void fly_segments(std::string_view bytes);
  void break_link();
  void reset_peer();
  void on_arrival();
  void on_reset();
  void on_room();
  void notify() {
    if (watcher_) watcher_->on_ready();
  }

  SimNetwork& network_;
  SimSchedule& schedule_;
  Ends ends_;
  const SimLinkFaults faults_;
  SimWatcher* watcher_ = nullptr;

  // Sending.
  MonoTime link_free_at_{};
  MonoTime last_arrival_{};
  uint64_t sent_bytes_ = 0;
  uint64_t break_at_ = UINT64_MAX;
  Break break_ = Break::none;
  bool broken_ = false;
  bool wants_room_ = false;
  bool send_ended_ = false;

  // Receiving.
  const uint32_t window_;
  size_t flying_bytes_ = 0;  // with those that a silent link has swallowed
  std::deque<Segment> flying_;
  Buffer arrived_;
  uint64_t received_bytes_ = 0;
  bool fin_arrived_ = false;
  bool receive_ended_ = false;
  bool reset_ = false;
  bool closed_ = false;
};

}  // namespace weir::runtime
