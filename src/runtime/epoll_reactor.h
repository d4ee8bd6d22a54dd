#pragma once
// EpollReactor: the reactor on epoll, for where io_uring is forbidden. Edge-triggered; a descriptor
// is registered once for both directions. Sends and receives are tried at once and wait only when
// the kernel says that they must.

#include <memory>
#include <vector>

#include "runtime/cycle_clock.h"
#include "runtime/page_pipe.h"
#include "runtime/reactor.h"

namespace weir::runtime {

// What an epoll event belongs to.
class EpollWatcher {
 public:
  virtual void on_events(uint32_t events) = 0;

 protected:
  ~EpollWatcher() = default;
};

// Receive buffers, last used first. Handed out while there are plenty; when fewer than half are
// left, received bytes are copied out, so that slow consumers cannot starve the shard.
class EpollBuffers final : public ChunkPool {
 public:
  EpollBuffers(uint32_t count, uint32_t bytes);

  uint32_t buffer_bytes() const { return bytes_; }
  // The buffer to receive into next; it stays ours until take().
  char* next();
  Chunk take(size_t size);
  void give_back(uint32_t index) override { free_.push_back(index); }

 private:
  uint32_t bytes_;
  uint32_t count_;
  std::unique_ptr<char[]> memory_;
  std::vector<uint32_t> free_;
};

class EpollStream;

class EpollReactor final : public Reactor {
 public:
  static Result<std::unique_ptr<Reactor>> make(const ReactorOptions& options, uint64_t seed);
  ~EpollReactor() override;

  ReactorKind kind() const override { return ReactorKind::epoll; }
  MonoTime fresh_now() override { return clock_.fresh(); }
  Result<std::unique_ptr<Listener>> listen(int fd) override;
  StreamPtr adopt(int fd) override;
  int core_of_packets(int fd) const override;
  Task<Result<StreamPtr>> connect(Address peer, Wait wait) override;
  Task<Result<short>> poll(int fd, short events, Wait wait) override;
  void start_file_operation(FileOperation& operation) override { start_on_thread(operation); }
  void turn(MonoTime limit) override;
  void finish() override { finish_file_operations(); }
  void wake() override;

  void watch(int fd, uint32_t events, EpollWatcher& watcher);
  void forget(int fd);
  // Events of this turn that are still to come for `watcher` are dropped.
  void drop_events(EpollWatcher& watcher);
  EpollBuffers& buffers(bool bulk) { return bulk ? bulk_buffers_ : buffers_; }
  void send_from(const FileMemory* memory) {
    page_pipe_ = memory ? std::make_unique<PagePipe>(*memory) : nullptr;
  }
  PagePipe* page_pipe() { return page_pipe_.get(); }
  // `stream` has been readable all the time and let others go first; it reads on in the next turn.
  void read_later(EpollStream& stream) { readers_.push_back(&stream); }
  void drop_reader(EpollStream& stream);

 private:
  class WakeWatcher final : public EpollWatcher {
   public:
    void on_events(uint32_t events) override;
    int fd = -1;
  };

  EpollReactor(const ReactorOptions& options, MonoTime now, Duration wall_offset, uint64_t seed);
  int wait_milliseconds(MonoTime limit) const;
  void run_readers();

  static constexpr int events_per_turn = 256;

  CycleClock clock_;
  int epoll_fd_ = -1;
  WakeWatcher wake_;
  EpollBuffers buffers_;
  EpollBuffers bulk_buffers_;
  std::unique_ptr<PagePipe> page_pipe_;
  std::vector<EpollStream*> readers_;
  struct Event {
    EpollWatcher* watcher;
    uint32_t events;
  };
  std::vector<Event> arrived_;
};

}  // namespace weir::runtime
