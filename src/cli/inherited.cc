#include "cli/inherited.h"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "base/units.h"
#include "runtime/socket.h"

namespace weir::cli {
namespace {

constexpr int first_systemd_fd = 3;
constexpr std::string_view systemd_variables[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"};

// The value of a variable, which is gone afterwards.
std::optional<std::string> take_variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (!value) return std::nullopt;
  std::string text = value;
  unsetenv(std::string(name).c_str());
  return text;
}

// An open descriptor, which is not for our own children from now on.
std::optional<int> descriptor(std::string_view text) {
  const auto number = parse_u64(text);
  if (!number || *number > 1'000'000) return std::nullopt;
  const int fd = static_cast<int>(*number);
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return std::nullopt;
  return fd;
}

bool listens(int fd) {
  int on = 0;
  socklen_t size = sizeof on;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0 && on == 1;
}

bool is_at(int fd, Address wanted) {
  const Address local = runtime::local_of(fd);
  if (wanted.port() == 0) wanted.set_port(local.port());
  return local == wanted;
}

// Up to `separator`, which is dropped from the front of `rest` with it.
std::string_view next_part(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

}  // namespace

bool Inherited::is_variable(std::string_view variable) {
  const std::string_view name = variable.substr(0, variable.find('='));
  return name == handover_variable ||
         std::ranges::find(systemd_variables, name) != std::ranges::end(systemd_variables);
}

std::expected<Inherited, std::string> Inherited::take() {
  Inherited inherited;
  const auto handover = take_variable(handover_variable);
  const auto pid = take_variable("LISTEN_PID");
  const auto count = take_variable("LISTEN_FDS");
  const auto names = take_variable("LISTEN_FDNAMES");
  if (handover) {
    if (auto read = inherited.read_handover(*handover); !read) return std::unexpected(read.error());
  } else if (count && pid == std::to_string(getpid())) {
    if (auto read = inherited.read_systemd(*count, names.value_or("")); !read)
      return std::unexpected(read.error());
  }
  return inherited;
}

std::expected<void, std::string> Inherited::read_handover(std::string_view text) {
  const std::string broken = std::string(handover_variable) + "=" + std::string(text) +
                             " is for a weir that replaces another; unset it";
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view part = next_part(rest, ',');
    const size_t equals = part.find('=');
    if (equals == part.npos || sockets_.size() == sockets_max) return std::unexpected(broken);
    const auto fd = descriptor(part.substr(equals + 1));
    if (!fd) return std::unexpected(broken);
    const std::string_view name = part.substr(0, equals);
    if (name == "ready")
      ready_fd_ = *fd;
    else if (listens(*fd))
      sockets_.push_back({std::string(name), *fd});
    else
      return std::unexpected(broken);
  }
  if (ready_fd_ < 0) return std::unexpected(broken);
  return {};
}

std::expected<void, std::string> Inherited::read_systemd(std::string_view count,
                                                         std::string_view names) {
  const auto sockets = parse_u64(count);
  if (!sockets || *sockets > sockets_max)
    return std::unexpected("LISTEN_FDS=" + std::string(count) + " is no number of sockets");
  from_systemd_ = true;
  for (int i = 0; i < static_cast<int>(*sockets); ++i) {
    const auto fd = descriptor(std::to_string(first_systemd_fd + i));
    if (!fd || !listens(*fd))
      return std::unexpected("LISTEN_FDS=" + std::string(count) + ": descriptor " +
                             std::to_string(first_systemd_fd + i) + " is no listening socket");
    sockets_.push_back({std::string(next_part(names, ':')), *fd});
  }
  return {};
}

Inherited::Inherited(Inherited&& other) noexcept
    : sockets_(std::move(other.sockets_)),
      from_systemd_(other.from_systemd_),
      ready_fd_(std::exchange(other.ready_fd_, -1)) {
  other.sockets_.clear();
}

Inherited::~Inherited() {
  for (const NamedSocket& socket : sockets_)
    close(socket.fd);
  if (ready_fd_ >= 0) close(ready_fd_);
}

std::optional<int> Inherited::claim(std::string_view name, const Address& address) {
  auto found = std::ranges::find(sockets_, name, &NamedSocket::name);
  if (from_systemd_ && found == sockets_.end())
    found = std::ranges::find_if(sockets_, [](const NamedSocket& socket) {
      return socket.name != "edge" && socket.name != "admin";
    });
  if (found == sockets_.end()) return std::nullopt;
  if (!from_systemd_ && !is_at(found->fd, address)) return std::nullopt;
  const int fd = found->fd;
  sockets_.erase(found);
  return fd;
}

void Inherited::report_ready() {
  if (ready_fd_ < 0) return;
  // A predecessor that is gone needs no answer.
  [[maybe_unused]] const ssize_t written = write(ready_fd_, &ready_byte, 1);
  close(std::exchange(ready_fd_, -1));
}

}  // namespace weir::cli
