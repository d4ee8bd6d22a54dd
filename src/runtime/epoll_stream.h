#pragma once
// EpollStream: a TCP connection watched by epoll.

#include "runtime/epoll_reactor.h"

namespace weir::runtime {

class EpollStream final : public Stream, EpollWatcher {
 public:
  EpollStream(EpollReactor& reactor, int fd);

  void shutdown_send() override;
  void abort_on_close() override;
  Address peer() const override;
  Address local() const override;
  int core_of_packets() const override;
  Task<int> detach() override;
  bool broken() const override;

  // Reads what there is, up to a share of the turn.
  void read_some();
  void expect_bulk() override { bulk_ = true; }

 protected:
  void want_input() override;
  void pause_input() override { paused_ = true; }
  std::optional<Result<>> start_send(std::span<iovec> parts, size_t bytes) override;
  void abort_send() override;
  void close() override;

 private:
  ~EpollStream() override;
  void on_events(uint32_t events) override;
  // Reads once; false when there is nothing more to read now.
  bool read_once();
  void schedule();
  // Sends what the kernel takes; the outcome once it is known.
  std::optional<Result<>> push();
  void enter() { ++entered_; }
  // Deletes this when the owner has let go meanwhile.
  void leave();

  EpollReactor& poller_;
  int fd_;
  bool readable_ = true;  // nobody has looked yet
  bool scheduled_ = false;
  bool paused_ = false;
  bool closing_ = false;
  bool bulk_ = false;    // much is expected
  bool filled_ = false;  // much has come lately
  uint8_t entered_ = 0;
  std::span<iovec> unsent_;
  size_t sent_bytes_ = 0;
};

}  // namespace weir::runtime
