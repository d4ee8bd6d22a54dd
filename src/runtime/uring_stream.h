#pragma once
// UringStream: a TCP connection in the ring. Reads with one multishot recv while bytes are wanted,
// or, where much comes, by itself: a multishot recv can bring dozens of buffers before it can be
// stopped. Deletes itself once its owner has let go and the kernel has answered everything.

#include "runtime/uring_reader.h"

namespace weir::runtime {

class UringStream final : public Stream {
 public:
  UringStream(UringReactor& reactor, int fd);

  void shutdown_send() override;
  void abort_on_close() override;
  Address peer() const override;
  Address local() const override;
  int core_of_packets() const override;
  Task<int> detach() override;
  bool broken() const override;

  // Starts the multishot recv unless it runs, or nothing may be armed.
  void arm_recv();
  // Buffers are back after a starved().
  void resume_starved();
  // Takes effect once much has come.
  void expect_bulk() override { expects_bulk_ = true; }
  bool quiet() const override;
  int lend_input(uint64_t body_received) override;
  int lend_output() override;
  void give_back(uint64_t taken) override;

 protected:
  void want_input() override;
  void pause_input() override;
  std::optional<Result<>> start_send(std::span<iovec> parts, size_t bytes) override;
  void abort_send() override;
  void close() override;

 private:
  friend class UringReader;

  template <void (UringStream::*handler)(int, uint32_t)>
  struct Part final : UringOperation {
    explicit Part(UringStream& owner) : stream(owner) {}
    void on_complete(int result, uint32_t flags) override { (stream.*handler)(result, flags); }
    UringStream& stream;
  };

  ~UringStream() override;
  bool comes_in_bulk(size_t bytes) const;
  // From now on, in the place of the multishot recv.
  void read_by_ourselves();
  // As much as the socket takes at once; drops that from `parts`.
  Result<size_t> send_by_ourselves(std::span<iovec>& parts);
  // Leaves to the ring what had no room in the socket.
  void submit_send(std::span<iovec> parts);
  // There is room again for what lies in file memory.
  void go_on_sending(int events);
  void recv_done(int result, uint32_t flags);
  void send_done(int result, uint32_t flags);
  void recv_failed(int result, bool more);
  // Goes on reading although nobody may wait.
  void read_on();
  void resume_detach();
  int lend();
  // Whether calls on the descriptor wait. The ring's would answer EAGAIN if they did not: receives
  // and sends are armed after switch_to(true).
  void switch_to(bool waits);
  bool input_armed() const { return recv_armed_ || (reader_ && reader_->busy()); }
  void delete_when_quiet();

  UringReactor& ring_;
  int fd_;
  bool recv_armed_ = false;
  bool send_under_way_ = false;
  bool pausing_ = false;
  bool starved_ = false;
  bool expects_bulk_ = false;
  bool closing_ = false;
  bool more_waits_ = false;              // the last receive left something in the socket
  bool leaving_ = false;                 // detach() was called: nothing is armed
  bool lent_ = false;                    // to a relay
  bool waits_ = true;                    // see switch_to()
  std::unique_ptr<UringReader> reader_;  // once much has come
  std::coroutine_handle<> detaching_;
  Part<&UringStream::recv_done> recv_{*this};
  Part<&UringStream::send_done> send_{*this};
  size_t send_bytes_ = 0;  // of the send under way, in all
  size_t sent_bytes_ = 0;  // of those, gone before it was left to the ring
  msghdr message_{};
  std::span<iovec> unsent_;  // of a send that waits for room in the socket
};

}  // namespace weir::runtime
