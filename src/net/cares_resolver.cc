#include "net/cares_resolver.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include <ares.h>

#include "net/bounded_wait.h"

namespace weir::net {

using runtime::Task;
using runtime::Wait;

Result<std::unique_ptr<CaresResolver>> CaresResolver::make(runtime::Reactor& reactor,
                                                           const ResolverSettings& settings,
                                                           telemetry::Recorder& recorder) {
  std::unique_ptr<CaresResolver> made(new CaresResolver(reactor, settings, recorder));
  WEIR_CHECK(made->set_up());
  return made;
}

CaresResolver::CaresResolver(runtime::Reactor& reactor, const ResolverSettings& settings,
                             telemetry::Recorder& recorder)
    : reactor_(reactor),
      settings_(settings),
      metrics_(recorder),
      watchers_(reactor),
      timer_(on_timer, this) {}

Result<> CaresResolver::set_up() {
  ares_options options{};
  options.timeout =
      static_cast<int>(std::chrono::duration_cast<milliseconds>(settings_.query_timeout).count());
  options.tries = static_cast<int>(settings_.attempts);
  options.sock_state_cb = on_socket;
  options.sock_state_cb_data = this;
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  if (ares_init_options(&channel_, &options, mask) != ARES_SUCCESS)
    return fail(ErrorCode::dns, "the resolver cannot be set up; is /etc/resolv.conf readable?");
  std::string servers;
  for (const std::string& server : settings_.servers)
    servers += (servers.empty() ? "" : ",") + server;
  if (!servers.empty() && ares_set_servers_ports_csv(channel_, servers.c_str()) != ARES_SUCCESS)
    return fail(ErrorCode::invalid, "dns.servers: each is ADDRESS or ADDRESS:PORT");
  return {};
}

CaresResolver::~CaresResolver() {
  WEIR_ASSERT(sockets_.empty());
  if (channel_) ares_destroy(channel_);
}

Task<> CaresResolver::stop() {
  stopped_ = true;
  ares_cancel(channel_);
  while (!sockets_.empty())
    unwatch(sockets_.back()->cares_fd);
  timer_.disarm();
  co_await watchers_.join();
}

Task<Result<std::vector<Address>>> CaresResolver::resolve(std::string_view host, uint16_t port,
                                                          Wait wait) {
  if (const Result<Address> literal = Address::parse_ip(host, port))
    co_return std::vector{*literal};
  Name* name = find_or_add(host);
  if (!name) co_return fail(ErrorCode::overloaded, "too many names are being looked up");
  if (reactor_.now() < name->fresh_until) {
    metrics_.cached.add();
    co_return answer(*name, port);
  }
  if (!name->pending) start(std::string(host), *name);
  const Wait limit = is_stale_usable(*name) ? bounded(wait, reactor_.now(), refresh_time) : wait;
  Result<> woken;
  ++name->waiters;
  while (name->pending && woken)
    woken = co_await name->waiting.wait(limit);
  --name->waiters;
  if (!woken && (woken.error().code != ErrorCode::timed_out || !is_stale_usable(*name)))
    co_return std::unexpected(woken.error());
  co_return answer(*name, port);
}

CaresResolver::Name* CaresResolver::find_or_add(std::string_view host) {
  std::string key(host);
  if (const auto found = names_.find(key); found != names_.end()) return found->second.get();
  if (names_.size() >= settings_.names_max) forget_one();
  if (names_.size() >= settings_.names_max) return nullptr;
  return names_.emplace(std::move(key), std::make_unique<Name>(*this)).first->second.get();
}

void CaresResolver::forget_one() {
  auto oldest = names_.end();
  for (auto at = names_.begin(); at != names_.end(); ++at) {
    if (at->second->pending || at->second->waiters > 0) continue;
    if (oldest == names_.end() || at->second->fresh_until < oldest->second->fresh_until)
      oldest = at;
  }
  if (oldest != names_.end()) names_.erase(oldest);
}

void CaresResolver::start(const std::string& host, Name& name) {
  if (stopped_) return;
  name.pending = true;
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, on_answer, &name);
  arm_timer();
}

bool CaresResolver::is_stale_usable(const Name& name) const {
  return !name.addresses.empty() && reactor_.now() < name.stale_until;
}

Result<std::vector<Address>> CaresResolver::answer(Name& name, uint16_t port) {
  if (!is_stale_usable(name)) return std::unexpected(name.failure);
  std::vector<Address> all = name.addresses;
  for (Address& address : all)
    address.set_port(port);
  return all;
}

void CaresResolver::on_answer(void* name_pointer, int status, int, ares_addrinfo* found) {
  Name& name = *static_cast<Name*>(name_pointer);
  name.pending = false;
  if (status == ARES_SUCCESS && found && found->nodes)
    name.resolver.keep_answer(name, *found);
  else
    name.resolver.keep_failure(name, status);
  if (found) ares_freeaddrinfo(found);
  name.waiting.wake_all();
}

void CaresResolver::keep_answer(Name& name, const ares_addrinfo& found) {
  metrics_.resolved.add();
  name.addresses.clear();
  Duration ttl = settings_.ttl_max;
  for (const ares_addrinfo_node* node = found.nodes; node; node = node->ai_next) {
    const Address address(node->ai_addr, node->ai_addrlen);
    if (std::ranges::find(name.addresses, address) != name.addresses.end()) continue;
    name.addresses.push_back(address);
    ttl = std::min<Duration>(ttl, seconds(node->ai_ttl));
  }
  name.fresh_until = after(reactor_.now(), std::max(ttl, settings_.ttl_min));
  name.stale_until = after(name.fresh_until, settings_.stale_max);
}

void CaresResolver::keep_failure(Name& name, int status) {
  const bool no_such_name = status == ARES_ENOTFOUND || status == ARES_ENODATA;
  name.fresh_until = after(reactor_.now(), settings_.negative_ttl);
  // That there is no such name is an answer; an old one does not stand against it.
  if (!no_such_name && is_stale_usable(name)) return metrics_.stale.add();
  metrics_.failed.add();
  name.addresses.clear();
  if (no_such_name)
    name.failure = {ErrorCode::not_found, "there is no such name"};
  else
    name.failure = {ErrorCode::dns, ares_strerror(status)};
}

void CaresResolver::on_socket(void* self, int fd, int readable, int writable) {
  auto& resolver = *static_cast<CaresResolver*>(self);
  resolver.unwatch(fd);
  if (!readable && !writable) return;
  auto socket = std::make_unique<Socket>();
  socket->cares_fd = fd;
  socket->fd = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (socket->fd < 0) return;  // no descriptor left: the query times out
  socket->events = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
  resolver.sockets_.push_back(socket.get());
  resolver.watchers_.spawn(resolver.watch(std::move(socket)));
}

void CaresResolver::unwatch(int cares_fd) {
  const auto at = std::ranges::find(sockets_, cares_fd, &Socket::cares_fd);
  if (at == sockets_.end()) return;
  Socket* socket = *at;
  sockets_.erase(at);
  socket->cancel.request();
}

Task<> CaresResolver::watch(std::unique_ptr<Socket> socket) {
  while (!socket->cancel.requested()) {
    const Result<short> events =
        co_await reactor_.poll(socket->fd, socket->events, {never, &socket->cancel});
    if (!events) break;
    const bool readable = *events & (POLLIN | POLLERR | POLLHUP);
    const bool writable = *events & POLLOUT;
    process(readable ? socket->cares_fd : ARES_SOCKET_BAD,
            writable ? socket->cares_fd : ARES_SOCKET_BAD);
  }
  ::close(socket->fd);
}

void CaresResolver::process(int readable_fd, int writable_fd) {
  if (stopped_) return;
  ares_process_fd(channel_, readable_fd, writable_fd);
  arm_timer();
}

void CaresResolver::arm_timer() {
  timeval left{};
  if (!ares_timeout(channel_, nullptr, &left)) return timer_.disarm();
  const Duration most = seconds(left.tv_sec) + microseconds(left.tv_usec);
  reactor_.timers().arm(timer_, after(reactor_.now(), most + milliseconds(1)));
}

void CaresResolver::on_timer(void* self) {
  static_cast<CaresResolver*>(self)->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

}  // namespace weir::net
