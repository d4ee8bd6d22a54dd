#pragma once
// Ring: one thread's io_uring with a ring of receive buffers, set up the cheapest way that was
// measured (single issuer, deferred task work, registered ring descriptor). Shared by the bare
// server and the light client and by nothing in the product. A resource; used by the thread that
// opened it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <liburing.h>

#include "base/result.h"
#include "base/time.h"

namespace weir::bench {

// What a completion belongs to; with a slot number it makes up user_data.
enum class Operation : uint8_t { accept, receive, send, stop };

struct RingSize {
  unsigned entries = 4096;
  unsigned buffers = 1024;  // a power of two, at most 32768
  unsigned buffer_bytes = 2048;
};

class Ring {
 public:
  Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  // Once, before anything else.
  Result<> open(const RingSize& size);

  void accept(int listener);
  void receive(int fd, uint32_t slot);
  // `bytes` must stay until the completion; with `quiet` only a failure completes.
  void send(int fd, uint32_t slot, std::string_view bytes, bool quiet);
  // One completion once `fd` is readable.
  void watch(int fd);

  // Submits, waits for one completion at most `timeout` (0: does not sleep), and calls
  // handler(Operation, slot, const io_uring_cqe&) for all that are there.
  template <class Handler>
  void turn(Duration timeout, Handler handler) {
    wait(timeout);
    io_uring_cqe* cqe;
    unsigned head, count = 0;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      ++count;
      handler(static_cast<Operation>(cqe->user_data & 3u),
              static_cast<uint32_t>(cqe->user_data >> 2), *cqe);
    }
    io_uring_cq_advance(&ring_, count);
  }

  // The bytes of a receive completion; give_back() returns the buffer to the kernel.
  std::string_view received(const io_uring_cqe& cqe) const;
  void give_back(const io_uring_cqe& cqe);

 private:
  struct Free {
    void operator()(void* memory) const { ::free(memory); }
  };

  Result<> open_buffers();
  void wait(Duration timeout);
  io_uring_sqe* entry();
  char* buffer(unsigned id) const;
  void offer(unsigned id, int offset);

  RingSize size_;
  bool opened_ = false;
  io_uring ring_{};
  std::unique_ptr<io_uring_buf_ring, Free> buffer_ring_;
  std::unique_ptr<char, Free> buffers_;
};

}  // namespace weir::bench
