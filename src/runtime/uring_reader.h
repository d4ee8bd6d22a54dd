#pragma once
// UringReader: how a stream reads once much has come. The ring says when there is something to read
// (a multishot poll), and the reader reads it by itself, once somebody wants it. That costs a
// system call more than the multishot recv of other streams, which however can bring dozens of
// buffers before it can be stopped, and brings three things:
// - What is read goes where the last read has been sent from (see BulkBuffers).
// - The first read of an answer is small, so that what is behind its head is still in the kernel
//   and can be moved on there (see relay.h). The socket then says with each read what is behind it.
// - What nobody wants yet stays in the kernel's socket, whose window then closes.
// Belongs to its stream.

#include "runtime/uring_reactor.h"

namespace weir::runtime {

class UringReader final : public UringOperation {
 public:
  // `reads_ahead`: as long as the stream may hold more, also while nobody waits.
  UringReader(UringStream& stream, UringReactor& ring, int fd, bool reads_ahead)
      : stream_(stream), ring_(ring), fd_(fd), reads_ahead_(reads_ahead) {
    expect_head();
  }

  // Somebody waits for bytes; or, to `watch`, nobody does, but the end must not be missed.
  void want(bool watch);
  // A head comes next: the first read is small.
  void expect_head();
  // A relay takes what is in the socket; `body_received` bytes were read along with the head.
  void lend(uint64_t body_received);
  // The relay has taken so much.
  void give_back(uint64_t taken);
  // The kernel lets go of it; busy() until it has.
  void cancel();
  bool busy() const { return armed_ || scheduled_; }
  // Whether the socket holds nothing that was not read. Asks the kernel where that is not known, as
  // while no poll would tell.
  bool drained();
  // Its turn to read, as it asked for with UringReactor::read_in_this_turn().
  void take_turn();

  void on_complete(int result, uint32_t flags) override;

 private:
  bool wanted() const;
  // Reads once, if that is wanted. May destroy the stream.
  void read();
  // How much was read; 0 at the end; -errno. Notes how much is behind that, where the socket says
  // so.
  ssize_t receive(std::span<char> room);
  void arm();
  void read_soon();
  // Says what a read brought: `size` bytes in the buffers' room, 0 at the end, -errno.
  void hand_over(ssize_t size, size_t asked);

  UringStream& stream_;
  UringReactor& ring_;
  const int fd_;
  const bool reads_ahead_;
  uint32_t next_bytes_ = 0;          // 0: as much as a buffer holds
  std::optional<uint64_t> behind_;   // in the socket, since the last read
  bool says_behind_ = false;         // the socket is asked to
  uint64_t answer_bytes_ = 0;        // read since a head was expected
  uint64_t relayed_head_bytes_ = 0;  // of the last answer; 0: it was not relayed
  bool armed_ = false;
  bool scheduled_ = false;  // in the reactor's list of those that read in this turn
  bool readable_ = true;    // perhaps there is something to read
  bool hung_up_ = false;    // nothing will come behind what is there
  bool watching_ = false;
};

}  // namespace weir::runtime
