#pragma once
// UringStream: a TCP connection in the ring. Reads with one multishot recv while bytes are wanted,
// and buffer by buffer where much comes: a multishot recv can bring dozens of buffers before it can
// be stopped. Deletes itself once its owner has let go and the kernel has answered everything.

#include "runtime/uring_reactor.h"

namespace weir::runtime {

class UringStream final : public Stream {
 public:
  UringStream(UringReactor& reactor, int fd);

  void shutdown_send() override;
  void abort_on_close() override;
  Address peer() const override;
  Address local() const override;
  Task<int> detach() override;
  bool broken() const override;

  // Starts the multishot recv unless it runs.
  void arm_recv();
  // Buffers are back after a starved().
  void resume_starved();
  // Takes effect when reading is armed the next time.
  void expect_bulk() override { bulk_ = true; }

 protected:
  void want_input() override { arm_recv(); }
  void pause_input() override;
  std::optional<Result<>> start_send(std::span<iovec> parts, size_t bytes) override;
  void abort_send() override;
  void close() override;

 private:
  template <void (UringStream::*handler)(int, uint32_t)>
  struct Part final : UringOperation {
    explicit Part(UringStream& owner) : stream(owner) {}
    void on_complete(int result, uint32_t flags) override { (stream.*handler)(result, flags); }
    UringStream& stream;
  };

  ~UringStream() override;
  // Leaves to the ring what had no room in the socket.
  void submit_send(std::span<iovec> parts);
  void recv_done(int result, uint32_t flags);
  void send_done(int result, uint32_t flags);
  void recv_failed(int result, bool more);
  void delete_when_quiet();

  UringReactor& ring_;
  int fd_;
  UringBuffers* buffers_;  // that the armed recv takes from
  bool recv_armed_ = false;
  bool send_under_way_ = false;
  bool pausing_ = false;
  bool starved_ = false;
  bool closing_ = false;
  bool bulk_ = false;        // much is expected, or has come
  bool more_waits_ = false;  // the last receive left something in the socket
  bool leaving_ = false;     // detach() was called: nothing is armed any more
  std::coroutine_handle<> detaching_;
  Part<&UringStream::recv_done> recv_{*this};
  Part<&UringStream::send_done> send_{*this};
  size_t send_bytes_ = 0;  // of the send under way, in all
  size_t sent_bytes_ = 0;  // of those, gone before it was left to the ring
  msghdr message_{};
};

}  // namespace weir::runtime
