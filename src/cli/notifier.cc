#include "cli/notifier.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace weir::cli {

Notifier::Notifier() {
  if (const char* socket = std::getenv("NOTIFY_SOCKET")) socket_ = socket;
}

void Notifier::ready(std::string_view status) {
  // The main process may be another than the manager started.
  send("READY=1\nMAINPID=" + std::to_string(getpid()) + "\nSTATUS=" + std::string(status) + "\n");
}

void Notifier::reloading(MonoTime now) {
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(nanos(now) / 1000) + "\n");
}

void Notifier::stopping() {
  send("STOPPING=1\nSTATUS=draining\n");
}

void Notifier::send(std::string_view lines) {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.starts_with('@')) address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  (void)sendto(fd, lines.data(), lines.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), size);
  close(fd);
}

}  // namespace weir::cli
