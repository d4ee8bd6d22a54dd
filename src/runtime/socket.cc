#include "runtime/socket.h"

#include <cerrno>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/page_pipe.h"
#include "runtime/system_call.h"

namespace weir::runtime {
namespace {

void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

bool set_congestion_control(int fd, const std::string& name) {
  return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(),
                    static_cast<socklen_t>(name.size())) == 0;
}

// Where no packet waits for a wire there is no congestion, and pacing (BBR's) only takes time.
void spare_loopback(int fd, const Address& address, const std::string& name) {
  if (!name.empty() && address.is_loopback()) set_congestion_control(fd, name);
}

size_t bytes_of(std::span<const iovec> parts) {
  size_t bytes = 0;
  for (const iovec& part : parts)
    bytes += part.iov_len;
  return bytes;
}

// The parts that one call can send: all before the next that goes another way.
std::span<iovec> next_run(std::span<iovec> parts, const PagePipe* pages) {
  const bool by_pages = begins_with_pages(pages, parts);
  size_t count = 1;
  while (count < parts.size() && begins_with_pages(pages, parts.subspan(count)) == by_pages)
    ++count;
  return parts.first(count);
}

Result<size_t> send_run(int fd, std::span<iovec> run, bool more, PagePipe* pages) {
  if (begins_with_pages(pages, run)) {
    const Result<size_t> sent = pages->send(fd, run, more);
    if (sent || sent.error().code != ErrorCode::unsupported) return sent;
  }
  return send_at_once(fd, run, more ? MSG_MORE : 0);
}

}  // namespace

bool has_congestion_control(const std::string& name) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool has = set_congestion_control(fd, name);
  ::close(fd);
  return has;
}

Result<int> open_listener(const Address& address, int backlog, const std::string& on_loopback) {
  const int family = address.is_v6() ? AF_INET6 : AF_INET;
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::unexpected(system_error(errno, "cannot open a socket"));
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.is_v6()) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  // Accepted sockets inherit both, which saves system calls a connection.
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  spare_loopback(fd, address, on_loopback);
  if (::bind(fd, address.sockaddr_pointer(), address.sockaddr_size()) == 0 &&
      ::listen(fd, backlog) == 0)
    return fd;
  const int error = errno;
  ::close(fd);
  return std::unexpected(system_error(error, "cannot listen"));
}

size_t connections_queued(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
  // Of a listening socket, this field is the length of its queue.
  return info.tcpi_unacked;
}

Result<int> open_client_socket(const Address& peer, const std::string& on_loopback) {
  const int family = peer.is_v6() ? AF_INET6 : AF_INET;
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::unexpected(system_error(errno, "cannot open a socket"));
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  spare_loopback(fd, peer, on_loopback);
  return fd;
}

void set_nonblocking(int fd, bool nonblocking) {
  // Sockets have no other flag that can be set here.
  fcntl(fd, F_SETFL, nonblocking ? O_RDWR | O_NONBLOCK : O_RDWR);
}

std::span<iovec> without(std::span<iovec> parts, size_t bytes) {
  while (!parts.empty() && bytes >= parts[0].iov_len) {
    bytes -= parts[0].iov_len;
    parts = parts.subspan(1);
  }
  if (bytes > 0) {
    parts[0].iov_base = static_cast<char*>(parts[0].iov_base) + bytes;
    parts[0].iov_len -= bytes;
  }
  return parts;
}

Result<size_t> send_at_once(int fd, std::span<iovec> parts, int flags) {
  flags |= MSG_NOSIGNAL | MSG_DONTWAIT;
  ssize_t sent = 0;
  if (parts.size() == 1) {
    sent = system_call(SYS_sendto, fd, parts[0].iov_base, parts[0].iov_len, flags, nullptr, 0);
  } else {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    sent = system_call(SYS_sendmsg, fd, &message, flags);
  }
  if (sent >= 0) return static_cast<size_t>(sent);
  if (sent == -EAGAIN) return size_t{0};
  return std::unexpected(system_error(static_cast<int>(-sent), "sending failed"));
}

bool begins_with_pages(const PagePipe* pages, std::span<const iovec> parts) {
  return pages && !parts.empty() && pages->takes(parts[0]);
}

Result<size_t> send_some(int fd, std::span<iovec>& parts, PagePipe* pages) {
  size_t sent_bytes = 0;
  parts = without(parts, 0);
  while (!parts.empty()) {
    const std::span<iovec> next = next_run(parts, pages);
    const Result<size_t> sent = send_run(fd, next, next.size() < parts.size(), pages);
    if (!sent) return sent;
    if (*sent == 0) break;
    sent_bytes += *sent;
    const bool whole = *sent == bytes_of(next);
    parts = without(parts, *sent);
    if (!whole) break;
  }
  return sent_bytes;
}

void push_out(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void reset_on_close(int fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

bool nothing_to_read(int fd) {
  char byte;
  return system_call(SYS_recvfrom, fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, nullptr, nullptr) ==
         -EAGAIN;
}

bool is_broken(int fd) {
  pollfd one{.fd = fd, .events = 0, .revents = 0};
  return ::poll(&one, 1, 0) > 0 && (one.revents & (POLLERR | POLLHUP)) != 0;
}

int core_of_packets(int fd) {
  int core = -1;
  socklen_t size = sizeof core;
  if (getsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, &core, &size) != 0) return -1;
  return core;
}

Address peer_of(int fd) {
  sockaddr_in6 storage{};
  socklen_t size = sizeof storage;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return {reinterpret_cast<sockaddr*>(&storage), size};
}

Address local_of(int fd) {
  sockaddr_in6 storage{};
  socklen_t size = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return {reinterpret_cast<sockaddr*>(&storage), size};
}

}  // namespace weir::runtime
