#pragma once
// Herd: many connections that are all open before they ask for the same thing in the same moment,
// once. Times are from that moment until the first byte of each answer and until its end, so they
// hold the time that sending so many requests takes.
//
// What a load program that is one process on one core would make the server wait for is kept small:
// the requests go out a few at a time, so that others on this core (an origin) can come in between,
// and from the first byte of an answer until all have begun it does not sleep, since every answer
// would pay for waking it.

#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <vector>

#include "base/time.h"
#include "client/histogram.h"
#include "client/response_reader.h"
#include "ring/ring.h"

namespace weir::bench {

struct HerdPlan {
  sockaddr_in target;
  std::string path, host;
  uint32_t connections;
  uint64_t body_bytes;  // of every answer, which is a 200
  Duration patience;    // until the last answer
};

struct HerdOutcome {
  uint64_t answered = 0;
  uint64_t wrong = 0;  // another status or length, not HTTP, or closed
  Histogram first_byte, whole;
};

class Herd {
 public:
  Herd(Ring& ring, const HerdPlan& plan);
  ~Herd();
  Herd(const Herd&) = delete;
  Herd& operator=(const Herd&) = delete;

  // Until all have their answer, at most `patience`. The outcome lives as long as this.
  const HerdOutcome& run();

 private:
  struct Member {
    int fd = -1;
    bool began = false, ended = false;
    ResponseReader reader;
  };

  void wait_until_accepted();
  void ask();
  void turn(Duration wait);
  // And not all.
  bool some_have_begun() const { return waiting_ > 0 && waiting_ < members_.size(); }
  void handle(uint32_t slot, const io_uring_cqe& cqe);
  void begin(Member& member);
  void read(Member& member, std::string_view bytes);
  void end(Member& member, bool right);

  Ring& ring_;
  HerdPlan plan_;
  std::string request_;
  MonoTime start_;
  uint32_t left_;
  uint32_t waiting_;  // for the first byte of their answer
  std::vector<Member> members_;
  HerdOutcome outcome_;
};

}  // namespace weir::bench
