#include "runtime/sim_network.h"

#include <algorithm>
#include <cerrno>

#include "base/assert.h"

namespace weir::runtime {
namespace {

constexpr Duration connect_again_after = seconds(1);

bool covers_all(const Address& address) {
  return address.ip() == "::" || address.ip() == "0.0.0.0";
}

}  // namespace

Result<int> SimNetwork::open_listener(Address address) {
  if (address.port() == 0) address.set_port(next_port_++);
  for (const auto& [id, listener] : listeners_)
    if (listener.address == address)
      return std::unexpected(system_error(EADDRINUSE, "cannot listen"));
  const int id = next_id_++;
  listeners_.emplace(id, Listener{address, {}, {}});
  return id;
}

void SimNetwork::close_listener(int id) {
  const auto found = listeners_.find(id);
  WEIR_ASSERT(found != listeners_.end());
  const std::vector<int> waiting = std::move(found->second.queue);
  listeners_.erase(found);
  for (const int socket : waiting)
    find(socket)->close(true);
}

Address SimNetwork::listener_address(int id) const {
  const auto found = listeners_.find(id);
  return found == listeners_.end() ? Address() : found->second.address;
}

void SimNetwork::set_faults(const Address& listener, const SimLinkFaults& faults) {
  faults_by_listener_.insert(faults_by_listener_.begin(), {listener, faults});
}

const SimLinkFaults& SimNetwork::faults_of(const Address& listener) const {
  for (const auto& [address, faults] : faults_by_listener_)
    if (address == listener) return faults;
  return faults_;
}

SimNetwork::Listener* SimNetwork::listener_at(const Address& address) {
  Listener* for_all = nullptr;
  for (auto& [id, listener] : listeners_) {
    if (listener.address == address) return &listener;
    if (listener.address.port() == address.port() && covers_all(listener.address))
      for_all = &listener;
  }
  return for_all;
}

int SimNetwork::take_connection(int id) {
  const auto found = listeners_.find(id);
  if (found == listeners_.end() || found->second.queue.empty()) return -1;
  std::vector<int>& queue = found->second.queue;
  const int socket = queue.front();
  queue.erase(queue.begin());
  schedule_.trace(SimTrace::accept, static_cast<uint64_t>(socket));
  return socket;
}

size_t SimNetwork::connections_queued(int id) const {
  const auto found = listeners_.find(id);
  return found == listeners_.end() ? 0 : found->second.queue.size();
}

void SimNetwork::watch_listener(int id, SimWatcher& watcher) {
  const auto found = listeners_.find(id);
  WEIR_ASSERT(found != listeners_.end());
  found->second.watchers.push_back(&watcher);
}

void SimNetwork::unwatch_listener(int id, SimWatcher& watcher) {
  const auto found = listeners_.find(id);
  if (found != listeners_.end()) std::erase(found->second.watchers, &watcher);
}

uint64_t SimNetwork::connect(const Address& from, const Address& to, SimConnecting& who) {
  const uint64_t id = next_attempt_++;
  attempts_.emplace(id, Attempt{from, to, &who});
  schedule_.trace(SimTrace::connect, id, to.port());
  schedule_.add(schedule_.now() + latency(faults_of(to)), *this, connect_request, id);
  return id;
}

void SimNetwork::on_connect_request(uint64_t id) {
  const auto found = attempts_.find(id);
  if (found == attempts_.end()) return;
  Attempt& attempt = found->second;
  const SimLinkFaults& faults = faults_of(attempt.to);
  Listener* listener = listener_at(attempt.to);
  const bool full = listener && listener->queue.size() >= backlog_max;
  if (full || schedule_.chance(faults.lost_connect_chance)) {
    schedule_.trace(SimTrace::lost_connect, id);
    schedule_.add(schedule_.now() + connect_again_after, *this, connect_request, id);
    return;
  }
  if (listener && !schedule_.chance(faults.refuse_chance)) establish(attempt, *listener);
  if (attempt.socket >= 0) unclaimed_.emplace(id, attempt.socket);
  schedule_.add(schedule_.now() + latency(faults), *this, connect_answer, id);
}

void SimNetwork::establish(Attempt& attempt, Listener& listener) {
  const int client = next_id_++, server = next_id_++;
  Address from = attempt.from;
  from.set_port(static_cast<uint16_t>(30'000 + client % 30'000));
  const SimLinkFaults& faults = faults_of(attempt.to);
  sockets_.emplace(client, std::make_unique<SimSocket>(
                               *this, SimSocket::Ends{client, server, from, attempt.to}, faults));
  sockets_.emplace(server, std::make_unique<SimSocket>(
                               *this, SimSocket::Ends{server, client, attempt.to, from}, faults));
  attempt.socket = client;
  listener.queue.push_back(server);
  for (SimWatcher* watcher : listener.watchers)
    watcher->on_ready();
}

void SimNetwork::on_connect_answer(uint64_t id) {
  int socket = -1;
  if (const auto held = unclaimed_.extract(id)) socket = held.mapped();
  const auto attempt = attempts_.extract(id);
  schedule_.trace(socket < 0 ? SimTrace::refused : SimTrace::established, id,
                  static_cast<uint64_t>(socket));
  if (attempt) return attempt.mapped().who->on_connected(socket);
  if (socket >= 0) find(socket)->close(false);
}

SimSocket* SimNetwork::find(int id) {
  const auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : found->second.get();
}

size_t SimNetwork::held_bytes() const {
  size_t bytes = 0;
  for (const auto& [id, socket] : sockets_)
    bytes += socket->held_bytes();
  return bytes;
}

SimTraffic SimNetwork::traffic_of(const Address& host) const {
  SimTraffic traffic;
  const std::string ip = host.ip();
  for (const auto& [id, socket] : sockets_) {
    if (socket->local().ip() != ip) continue;
    traffic.received_bytes += socket->received_bytes();
    traffic.sent_bytes += socket->sent_bytes();
  }
  return traffic;
}

void SimNetwork::erase(int id, int peer) {
  sockets_.erase(id);
  sockets_.erase(peer);
}

void SimNetwork::on_event(uint32_t what, uint64_t id) {
  if (what == connect_request) return on_connect_request(id);
  if (what == connect_answer) return on_connect_answer(id);
  SimSocket* socket = find(static_cast<int>(id));
  if (!socket) return;
  if (what == arrival) socket->on_arrival();
  if (what == reset) socket->on_reset();
  if (what == room) socket->on_room();
}

}  // namespace weir::runtime
