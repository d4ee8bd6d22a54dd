#pragma once
// UringReactor: the reactor on io_uring. One ring a shard (SINGLE_ISSUER, DEFER_TASKRUN), multishot
// accept and recv into a ring of provided buffers; sends and polls are one submission each, and all
// submissions of a turn go in one system call. Streams that receive much read by themselves.

#include <memory>
#include <vector>

#include <liburing.h>

#include "runtime/bulk_buffers.h"
#include "runtime/cycle_clock.h"
#include "runtime/page_pipe.h"
#include "runtime/reactor.h"

namespace weir::runtime {

// What a completion belongs to. Lives until the kernel has answered for the last time.
struct UringOperation {
  virtual void on_complete(int result, uint32_t flags) = 0;

 protected:
  ~UringOperation() = default;
};

class UringReader;
class UringStream;

// Receive buffers that the kernel picks from. They are handed out while there are plenty; when
// fewer than half are left, received bytes are copied out, so that slow consumers cannot starve the
// shard. The kernel takes them in turn, each as often as the others: all of them together should
// fit into the cache.
class UringBuffers final : public ChunkPool {
 public:
  // `group` is what the kernel knows them by.
  UringBuffers(io_uring& ring, uint16_t group, uint32_t count, uint32_t bytes);
  ~UringBuffers();

  Result<> enroll();
  uint16_t group() const { return group_; }
  uint32_t bytes() const { return bytes_; }
  Chunk take(uint32_t index, uint32_t size);
  void give_back(uint32_t index) override;
  // `stream` found none; it is armed again by arm_starved(), at the end of a turn.
  void starved(UringStream& stream) { starved_.push_back(&stream); }
  void arm_starved();

 private:
  char* at(uint32_t index) const { return memory_ + size_t{index} * stride_; }

  io_uring& ring_;
  uint16_t group_;
  uint32_t count_;
  uint32_t bytes_;
  uint32_t stride_;
  uint32_t available_;
  io_uring_buf_ring* entries_ = nullptr;
  char* memory_ = nullptr;
  std::vector<UringStream*> starved_;
};

class UringReactor final : public Reactor {
 public:
  // Fails where the kernel or a seccomp profile forbids io_uring or lacks what we need.
  static Result<std::unique_ptr<Reactor>> make(const ReactorOptions& options, uint64_t seed);
  ~UringReactor() override;

  ReactorKind kind() const override { return ReactorKind::io_uring; }
  MonoTime fresh_now() override { return clock_.fresh(); }
  Result<std::unique_ptr<Listener>> listen(int fd) override;
  StreamPtr adopt(int fd) override;
  int core_of_packets(int fd) const override;
  Task<Result<StreamPtr>> connect(Address peer, Wait wait) override;
  Task<Result<short>> poll(int fd, short events, Wait wait) override;
  void start_file_operation(FileOperation& operation) override;
  void abandon_file_operation(FileOperation& operation) override;
  void turn(MonoTime limit) override;
  void finish() override;
  uint64_t buffers_exhausted() const override {
    return Reactor::buffers_exhausted() + bulk_buffers_.exhausted();
  }
  void wake() override;

  // For what lives in the ring: a fresh submission, never null.
  io_uring_sqe* submission(UringOperation* operation);
  void cancel(UringOperation& operation);
  UringBuffers& buffers() { return *buffers_; }
  BulkBuffers& bulk_buffers() { return bulk_buffers_; }
  // `reader` reads before the turn ends, or in the next if that has begun to end; it lives until
  // then.
  void read_in_this_turn(UringReader& reader) { readers_.push_back(&reader); }
  // Operations that the kernel may still answer; the ring outlives them.
  void add_operation() { ++operations_; }
  void remove_operation() { --operations_; }
  void count_starved() { ++buffers_exhausted_; }
  void send_from(const FileMemory* memory) {
    page_pipe_ = memory ? std::make_unique<PagePipe>(*memory) : nullptr;
  }
  PagePipe* page_pipe() { return page_pipe_.get(); }

 private:
  struct WakeOperation final : UringOperation {
    explicit WakeOperation(UringReactor& owner) : reactor(owner) {}
    void on_complete(int result, uint32_t flags) override;
    UringReactor& reactor;
    uint64_t count = 0;
  };

  UringReactor(const ReactorOptions& options, MonoTime now, Duration wall_offset, uint64_t seed);
  Result<> set_up(const ReactorOptions& options);
  void arm_wake();
  void submit_and_wait(MonoTime limit);
  void dispatch();
  void read_bulk();

  CycleClock clock_;
  io_uring ring_{};
  bool ring_made_ = false;
  int wake_fd_ = -1;
  WakeOperation wake_operation_;
  std::unique_ptr<UringBuffers> buffers_;
  BulkBuffers bulk_buffers_;
  std::vector<UringReader*> readers_;  // that are to read
  std::vector<UringReader*> reading_;
  size_t operations_ = 0;
  std::unique_ptr<PagePipe> page_pipe_;
};

}  // namespace weir::runtime
