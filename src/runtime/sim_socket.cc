#include "runtime/sim_socket.h"

#include <algorithm>
#include <cerrno>

#include "runtime/sim_network.h"

namespace weir::runtime {
namespace {

constexpr uint32_t torn_bytes_max = 16;

uint64_t as_u64(int id) {
  return static_cast<uint64_t>(id);
}

}  // namespace

SimSocket::SimSocket(SimNetwork& network, const Ends& ends, const SimLinkFaults& faults)
    : network_(network),
      schedule_(network.schedule()),
      ends_(ends),
      faults_(faults),
      window_(faults.window_min + static_cast<uint32_t>(schedule_.random().below(
                                      faults.window_max - faults.window_min + 1))) {
  if (schedule_.chance(faults.reset_chance)) break_ = Break::reset;
  if (schedule_.chance(faults.silence_chance)) break_ = Break::silence;
  if (break_ != Break::none) break_at_ = schedule_.random().below(faults.break_spread);
}

SimSocket& SimSocket::peer() {
  return *network_.find(ends_.peer);
}

size_t SimSocket::room() const {
  return window_ > held_bytes() ? window_ - held_bytes() : 0;
}

// When `bytes` that are sent now will be there: behind all that was sent before.
MonoTime SimSocket::arrival(size_t bytes) {
  link_free_at_ = std::max(link_free_at_, schedule_.now());
  if (faults_.bytes_per_second > 0)
    link_free_at_ +=
        Duration(static_cast<int64_t>(bytes * 1'000'000'000 / faults_.bytes_per_second));
  Duration latency = network_.latency(faults_);
  if (schedule_.chance(faults_.slow_chance)) latency += schedule_.up_to(faults_.slow_spread);
  last_arrival_ = std::max(last_arrival_, link_free_at_ + latency);
  return last_arrival_;
}

Result<size_t> SimSocket::send(std::span<const iovec> parts) {
  if (reset_) return std::unexpected(system_error(ECONNRESET, "sending failed"));
  if (send_ended_) return std::unexpected(system_error(EPIPE, "sending failed"));
  const size_t room = peer().room();
  size_t taken = 0;
  for (const iovec& each : parts) {
    const size_t size = std::min(each.iov_len, room - taken);
    fly({static_cast<const char*>(each.iov_base), size});
    taken += size;
    if (size == each.iov_len) continue;
    wants_room_ = true;
    break;
  }
  return taken;
}

void SimSocket::fly(std::string_view bytes) {
  const uint64_t before = sent_bytes_;
  sent_bytes_ += bytes.size();
  if (!broken_ && sent_bytes_ > break_at_) {
    fly_segments(bytes.substr(0, break_at_ - before));
    bytes.remove_prefix(break_at_ - before);
    break_link();
  }
  if (!broken_) return fly_segments(bytes);
  peer().flying_bytes_ += bytes.size();
}

void SimSocket::fly_segments(std::string_view bytes) {
  SimSocket& to = peer();
  while (!bytes.empty()) {
    const bool torn = schedule_.chance(faults_.tear_chance);
    const uint64_t size_max = torn ? torn_bytes_max : faults_.segment_bytes_max;
    const size_t size = std::min<size_t>(bytes.size(), 1 + schedule_.random().below(size_max));
    to.flying_.push_back({arrival(size), std::string(bytes.substr(0, size))});
    to.flying_bytes_ += size;
    schedule_.add(last_arrival_, network_, SimNetwork::arrival, as_u64(ends_.peer));
    bytes.remove_prefix(size);
  }
}

// From this byte on nothing of what is sent gets through; after a reset both ends hear of it.
void SimSocket::break_link() {
  broken_ = true;
  if (break_ != Break::reset) return;
  reset_peer();
  schedule_.add(schedule_.now() + network_.latency(faults_), network_, SimNetwork::reset,
                as_u64(ends_.id));
}

// A reset may overtake what was sent before it.
void SimSocket::reset_peer() {
  const MonoTime at =
      schedule_.random().below(2) == 0 ? arrival(0) : schedule_.now() + network_.latency(faults_);
  schedule_.add(at, network_, SimNetwork::reset, as_u64(ends_.peer));
}

std::optional<Result<Chunk>> SimSocket::receive(size_t bytes_max) {
  if (!arrived_.empty()) {
    const size_t size = std::min(bytes_max, arrived_.size());
    Chunk chunk = Chunk::copy_of(arrived_.view().substr(0, size));
    schedule_.trace(SimTrace::receive, as_u64(ends_.id), chunk.view());
    arrived_.consume(size);
    received_bytes_ += size;
    if (arrived_.empty()) arrived_.release();
    if (std::exchange(peer().wants_room_, false))
      schedule_.add(schedule_.now() + network_.latency(faults_), network_, SimNetwork::room,
                    as_u64(ends_.peer));
    return chunk;
  }
  if (reset_) return std::unexpected(system_error(ECONNRESET, "receiving failed"));
  if (fin_arrived_ || receive_ended_) return Chunk();
  return std::nullopt;
}

void SimSocket::shutdown_send() {
  if (std::exchange(send_ended_, true) || broken_ || reset_) return;
  arrival(0);
  if (schedule_.chance(faults_.late_fin_chance))
    last_arrival_ += schedule_.up_to(faults_.late_fin_spread);
  peer().flying_.push_back({last_arrival_, {}, true});
  schedule_.add(last_arrival_, network_, SimNetwork::arrival, as_u64(ends_.peer));
}

void SimSocket::shutdown_both() {
  shutdown_send();
  receive_ended_ = true;
}

void SimSocket::close(bool reset) {
  WEIR_ASSERT(!closed_);
  schedule_.trace(SimTrace::close, as_u64(ends_.id), reset);
  watcher_ = nullptr;
  if (!reset_ && !broken_ && (reset || !arrived_.empty())) {
    send_ended_ = true;
    reset_peer();
  }
  shutdown_send();
  closed_ = true;
  arrived_.release();
  if (peer().closed_) network_.erase(ends_.id, ends_.peer);
}

void SimSocket::on_arrival() {
  bool answer_reset = false;
  while (!flying_.empty() && flying_.front().at <= schedule_.now()) {
    const Segment segment = std::move(flying_.front());
    flying_.pop_front();
    flying_bytes_ -= segment.bytes.size();
    schedule_.trace(segment.end ? SimTrace::end : SimTrace::arrive, as_u64(ends_.id),
                    segment.bytes.size());
    if (segment.end) fin_arrived_ = true;
    if (closed_ && !segment.end) answer_reset = true;
    if (!closed_ && !receive_ended_) arrived_.append(segment.bytes);
  }
  if (answer_reset && !broken_) reset_peer();
  notify();
}

void SimSocket::on_reset() {
  if (closed_ || reset_) return;
  schedule_.trace(SimTrace::reset, as_u64(ends_.id));
  reset_ = true;
  for (const Segment& segment : flying_)
    flying_bytes_ -= segment.bytes.size();
  flying_.clear();
  // Some systems throw away what was not yet received, others keep it.
  if (schedule_.random().below(2) == 0) arrived_.clear();
  notify();
}

void SimSocket::on_room() {
  notify();
}

}  // namespace weir::runtime
