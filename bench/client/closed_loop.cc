#include "client/closed_loop.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "ring/program.h"

namespace weir::bench {

namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto in_seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
}

double in_seconds(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}

constexpr size_t number_digits = 10;

void write_number(char* at, uint64_t number) {
  for (size_t i = number_digits; i-- > 0; number /= 10)
    at[i] = static_cast<char>('0' + number % 10);
}

// A server that closes after every answer would have us reconnect for ever.
constexpr uint64_t closed_max = 100'000;

}  // namespace

ClosedLoop::ClosedLoop(Ring& ring, const Workload& workload)
    : ring_(ring), workload_(workload), connections_(workload.connections) {
  std::string path = workload.path;
  if (workload.numbers > 0) path += "-" + std::string(number_digits, '0');
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + workload.host + "\r\n\r\n";
  request_bytes_ = request.size();
  number_at_ = sizeof("GET ") - 1 + path.size() - number_digits;
  for (uint32_t i = 0; i < workload.pipeline; ++i)
    batch_ += request;
}

ClosedLoop::~ClosedLoop() {
  for (const Connection& connection : connections_)
    if (connection.fd >= 0) close(connection.fd);
}

const Outcome& ClosedLoop::run() {
  for (uint32_t slot = 0; slot < connections_.size(); ++slot)
    connect(slot);
  turn_until(mono_now() + workload_.warmup);
  outcome_.requests = 0;
  outcome_.latency.clear();
  const double cpu_before = cpu_seconds();
  const MonoTime start = mono_now();
  turn_until(start + workload_.measured);
  const MonoTime end = mono_now();
  outcome_.began_s = in_seconds(start.time_since_epoch());
  outcome_.elapsed_s = in_seconds(end - start);
  outcome_.cpu_s = cpu_seconds() - cpu_before;
  for (const Connection& connection : connections_)
    outcome_.stalled += connection.fd >= 0 && end - connection.sent_at > seconds(1);
  return outcome_;
}

void ClosedLoop::turn_until(MonoTime end) {
  while (mono_now() < end && !done())
    ring_.turn(milliseconds(20),
               [this](Operation operation, uint32_t slot, const io_uring_cqe& cqe) {
                 // A failed send ends the receive too, which is where it is counted.
                 if (operation == Operation::receive) handle(slot, cqe);
               });
}

void ClosedLoop::connect(uint32_t slot) {
  Connection& connection = connections_[slot];
  connection = Connection();
  connection.fd = connect_to(workload_.target);
  if (connection.fd < 0) {
    ++outcome_.refused;
    return;
  }
  ring_.receive(connection.fd, slot);
  send_batch(slot, mono_now());
}

void ClosedLoop::send_batch(uint32_t slot, MonoTime now) {
  Connection& connection = connections_[slot];
  connection.expected = workload_.pipeline;
  connection.sent_at = now;
  const bool numbered = workload_.numbers > 0;
  ring_.send(connection.fd, slot, numbered ? numbered_batch(connection) : batch_, true);
}

std::string_view ClosedLoop::numbered_batch(Connection& connection) {
  connection.batch = batch_;
  for (size_t at = number_at_; at < batch_.size(); at += request_bytes_)
    write_number(connection.batch.data() + at, next_number_++ % workload_.numbers);
  return connection.batch;
}

void ClosedLoop::handle(uint32_t slot, const io_uring_cqe& cqe) {
  if (cqe.res > 0) read(slot, ring_.received(cqe));
  ring_.give_back(cqe);
  if (cqe.flags & IORING_CQE_F_MORE) return;
  if (cqe.res > 0 || cqe.res == -ENOBUFS) return ring_.receive(connections_[slot].fd, slot);
  ++outcome_.closed;
  close(std::exchange(connections_[slot].fd, -1));
  if (outcome_.closed < closed_max) connect(slot);
}

void ClosedLoop::read(uint32_t slot, std::string_view bytes) {
  Connection& connection = connections_[slot];
  const MonoTime now = mono_now();
  while (!bytes.empty()) {
    // Bytes that nobody asked for are as wrong as bytes that are not HTTP.
    const auto step =
        connection.expected > 0 ? connection.reader.read(bytes) : ResponseReader::Step::broken;
    if (step == ResponseReader::Step::need_more) return;
    if (step == ResponseReader::Step::broken) return abandon(connection);
    count(connection, now);
    --connection.expected;
  }
  if (connection.expected == 0) send_batch(slot, now);
}

// Its receive ends with this; handle() then opens it again.
void ClosedLoop::abandon(Connection& connection) {
  ++outcome_.wrong;
  shutdown(connection.fd, SHUT_RDWR);
}

void ClosedLoop::count(const Connection& connection, MonoTime now) {
  ++outcome_.requests;
  ++outcome_.requests_total;
  if (connection.reader.status() != workload_.status ||
      connection.reader.body_bytes() != workload_.body_bytes)
    ++outcome_.wrong;
  outcome_.latency.record(static_cast<uint64_t>((now - connection.sent_at).count()));
}

}  // namespace weir::bench
