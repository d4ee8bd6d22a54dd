#pragma once
// ClosedLoop: a fixed number of connections that each send a batch of requests, read all answers,
// and send again, for a fixed time. Latency is per answer, from the send of its batch. A closed
// loop slows down with its server, so its percentiles say how long a queue of `connections` takes,
// not what a user with his own clock sees.

#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <vector>

#include "base/time.h"
#include "client/histogram.h"
#include "client/response_reader.h"
#include "ring/ring.h"

namespace weir::bench {

struct Workload {
  sockaddr_in target;
  std::string path, host;
  uint32_t connections;
  uint32_t pipeline;
  unsigned status;      // of every answer
  uint64_t body_bytes;  // of every answer
  Duration warmup, measured;
  // Above 0: every request asks for another path, `path` and "-" and ten digits; so many of them,
  // then from the first again.
  uint64_t numbers = 0;
  uint64_t requests_max = UINT64_MAX;  // ends before its time when so many were answered
};

struct Outcome {
  uint64_t requests = 0;        // answered in the measured time
  uint64_t requests_total = 0;  // with those of the warm-up
  uint64_t wrong = 0;           // another status or length, or not HTTP
  uint64_t closed = 0;          // connections that ended under us, all of them opened again
  uint64_t refused = 0;         // connections that could not be opened
  uint64_t stalled = 0;         // connections that waited over a second when time was up
  double began_s = 0;           // of the measured time, by the monotonic clock
  double elapsed_s = 0;
  double cpu_s = 0;  // our own
  Histogram latency;
};

class ClosedLoop {
 public:
  ClosedLoop(Ring& ring, const Workload& workload);
  ~ClosedLoop();
  ClosedLoop(const ClosedLoop&) = delete;
  ClosedLoop& operator=(const ClosedLoop&) = delete;

  // Takes warm-up plus measured time, and a little more to connect. The outcome lives as long as
  // this.
  const Outcome& run();

 private:
  struct Connection {
    int fd = -1;
    uint32_t expected = 0;  // answers of the batch not yet here
    MonoTime sent_at;
    std::string batch;  // of numbered requests; on its way until all are answered
    ResponseReader reader;
  };

  void connect(uint32_t slot);
  void send_batch(uint32_t slot, MonoTime now);
  std::string_view numbered_batch(Connection& connection);
  bool done() const { return outcome_.requests_total >= workload_.requests_max; }
  void handle(uint32_t slot, const io_uring_cqe& cqe);
  void read(uint32_t slot, std::string_view bytes);
  void abandon(Connection& connection);
  void count(const Connection& connection, MonoTime now);
  void turn_until(MonoTime end);

  Ring& ring_;
  Workload workload_;
  std::string batch_;
  size_t request_bytes_ = 0;
  size_t number_at_ = 0;  // in each request
  uint64_t next_number_ = 0;
  std::vector<Connection> connections_;
  Outcome outcome_;
};

}  // namespace weir::bench
