// The floor that every figure is shown against: one thread, one io_uring, the same bytes for every
// request. Looks for the end of the head and for nothing else; no routes, no timers, no log. All
// answers to what one read brought go out in one send.
// Says at its end how many it sent.
//   bench_floor --listen 127.0.0.1:PORT [--body-bytes N] [--head-bytes N] [--max-age N]
//               [--field LINE] [--core N]

#include <cstdio>
#include <memory>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "floor/answer.h"
#include "ring/program.h"
#include "ring/ring.h"

namespace weir::bench {
namespace {

struct Connection {
  HeadCounter heads;
  uint64_t owed = 0;         // answers not yet handed to the kernel
  std::string_view sending;  // what is left of the run on its way; empty: none
  bool receiving = true;     // a receive is armed
  bool broken = false;       // nothing more is to be sent
};

// A peer that asks this much and reads nothing is no benchmark.
constexpr uint64_t owed_max = 1 << 20;

class FloorServer {
 public:
  FloorServer(Ring& ring, const AnswerBlock& answers, int listener, int stop_fd)
      : ring_(ring), answers_(answers), listener_(listener) {
    connections_.resize(raise_descriptor_limit());
    ring_.accept(listener_);
    ring_.watch(stop_fd);
  }

  // Until a signal says to stop; how many answers were sent.
  uint64_t run() {
    while (!stopping_)
      ring_.turn(seconds(1), [this](Operation operation, uint32_t fd, const io_uring_cqe& cqe) {
        handle(operation, fd, cqe);
      });
    return answered_;
  }

 private:
  void handle(Operation operation, uint32_t fd, const io_uring_cqe& cqe) {
    switch (operation) {
      case Operation::accept:
        return accepted(cqe);
      case Operation::receive:
        return received(fd, cqe);
      case Operation::send:
        return sent(fd, cqe);
      case Operation::stop:
        stopping_ = true;
    }
  }

  void accepted(const io_uring_cqe& cqe) {
    if (cqe.res >= 0) {
      const auto fd = static_cast<uint32_t>(cqe.res);
      connections_[fd] = std::make_unique<Connection>();
      ring_.receive(cqe.res, fd);
    }
    if (cqe.flags & IORING_CQE_F_MORE) return;
    // Out of descriptors: accept again when one is free, not in a tight loop.
    accepting_ = cqe.res >= 0;
    if (accepting_) ring_.accept(listener_);
  }

  void received(uint32_t fd, const io_uring_cqe& cqe) {
    Connection& connection = *connections_[fd];
    if (cqe.res > 0) {
      connection.owed += connection.heads.count(ring_.received(cqe));
      if (connection.owed > owed_max) abandon(fd, connection);
    }
    ring_.give_back(cqe);
    if (!(cqe.flags & IORING_CQE_F_MORE)) {
      connection.receiving = cqe.res > 0 || cqe.res == -ENOBUFS;
      if (connection.receiving) ring_.receive(static_cast<int>(fd), fd);
    }
    answer(fd, connection);
  }

  void sent(uint32_t fd, const io_uring_cqe& cqe) {
    Connection& connection = *connections_[fd];
    if (cqe.res < 0) {
      connection.sending = {};
      abandon(fd, connection);
    } else {
      connection.sending.remove_prefix(static_cast<size_t>(cqe.res));
    }
    if (!connection.sending.empty())
      return ring_.send(static_cast<int>(fd), fd, connection.sending, false);
    answer(fd, connection);
  }

  // Sends what is owed, unless a send is on its way; closes when there is nothing left to do.
  void answer(uint32_t fd, Connection& connection) {
    if (!connection.sending.empty()) return;
    if (connection.owed > 0 && !connection.broken) {
      connection.sending = answers_.next(connection.owed);
      const uint64_t count = answers_.count(connection.sending);
      connection.owed -= count;
      answered_ += count;
      return ring_.send(static_cast<int>(fd), fd, connection.sending, false);
    }
    if (!connection.receiving) close_connection(fd);
  }

  void abandon(uint32_t fd, Connection& connection) {
    connection.broken = true;
    connection.owed = 0;
    shutdown(static_cast<int>(fd), SHUT_RDWR);
  }

  void close_connection(uint32_t fd) {
    connections_[fd].reset();
    close(static_cast<int>(fd));
    if (accepting_) return;
    accepting_ = true;
    ring_.accept(listener_);
  }

  Ring& ring_;
  const AnswerBlock& answers_;
  int listener_;
  bool accepting_ = true;
  bool stopping_ = false;
  uint64_t answered_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;  // by descriptor
};

// SIGTERM and SIGINT as something to read from.
int stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

int serve(const Flags& flags) {
  const sockaddr_in address = flags.loopback("--listen");
  const AnswerBlock answers({.body_bytes = flags.number("--body-bytes", 1024, 64 << 20),
                             .head_bytes = flags.number("--head-bytes", 0, 4096),
                             .max_age_s = flags.number("--max-age", 0, 1'000'000'000),
                             .field = flags.text("--field", "")});
  if (const uint64_t core = flags.number("--core", UINT64_MAX, 1023); core != UINT64_MAX)
    pin_to_core(static_cast<unsigned>(core));
  Ring ring;
  if (auto opened = ring.open({}); !opened) refuse(opened.error().text);
  const uint64_t answered = FloorServer(ring, answers, listen_on(address), stop_signals()).run();
  std::printf("{\"answered\": %lu}\n", answered);
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using weir::bench::Flags;
  return weir::bench::serve(Flags(
      argc, argv, {"--listen", "--body-bytes", "--head-bytes", "--max-age", "--field", "--core"}));
}
