#include "cli/notifier.h"

#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace weir::cli {

TEST_CASE("the service manager is told what it waits for") {
  const std::string name = "@weir-notifier-test-" + std::to_string(getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  const auto received = [fd] {
    char text[256];
    const ssize_t length = recv(fd, text, sizeof text, 0);
    return std::string(text, static_cast<size_t>(std::max<ssize_t>(length, 0)));
  };
  Notifier notifier(name);
  notifier.ready("serving");
  CHECK(received() == "READY=1\nMAINPID=" + std::to_string(getpid()) + "\nSTATUS=serving\n");
  notifier.reloading(MonoTime(microseconds(12)));
  CHECK(received() == "RELOADING=1\nMONOTONIC_USEC=12\n");
  notifier.stopping();
  CHECK(received().starts_with("STOPPING=1\n"));
  close(fd);
}

TEST_CASE("without a service manager nothing is sent, and nothing breaks") {
  Notifier("").ready("serving");
  Notifier("/nowhere/socket").stopping();
  Notifier(std::string(500, 'x')).stopping();
}

}  // namespace weir::cli
