#include "runtime/socket.h"

#include <fstream>
#include <netinet/tcp.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace weir::runtime {
namespace {

std::string congestion_control_of(int fd) {
  char name[16] = {};
  socklen_t size = sizeof name;
  REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0);
  return name;
}

std::string first_word_of(const std::string& path, const std::string& unlike) {
  std::ifstream file(path);
  std::string word;
  while (file >> word && word == unlike) {
  }
  return word;
}

std::string chosen_by_the_system() {
  return first_word_of("/proc/sys/net/ipv4/tcp_congestion_control", "");
}

// One that differs from the system's; empty: there is none.
std::string another() {
  const std::string found =
      first_word_of("/proc/sys/net/ipv4/tcp_allowed_congestion_control", chosen_by_the_system());
  return found == chosen_by_the_system() ? "" : found;
}

struct Closing {
  int fd;
  ~Closing() { ::close(fd); }
};

}  // namespace

TEST_CASE("connections over loopback have the congestion control that is asked for, at both ends") {
  const std::string wanted = another();
  if (wanted.empty()) {
    MESSAGE("skipped: this system allows only " << chosen_by_the_system());
    return;
  }
  REQUIRE(has_congestion_control(wanted));
  const Closing listener{*open_listener(*Address::parse("127.0.0.1:0"), 4, wanted)};
  const Address address = local_of(listener.fd);
  const Closing client{*open_client_socket(address, wanted)};
  REQUIRE(::connect(client.fd, address.sockaddr_pointer(), address.sockaddr_size()) == 0);
  const Closing accepted{::accept(listener.fd, nullptr, nullptr)};
  CHECK(congestion_control_of(client.fd) == wanted);
  CHECK(congestion_control_of(accepted.fd) == wanted);
}

TEST_CASE("other connections, and all if none is asked for, keep the system's congestion control") {
  const std::string wanted = another();
  const Closing everywhere{*open_listener(*Address::parse("0.0.0.0:0"), 4, wanted)};
  CHECK(congestion_control_of(everywhere.fd) == chosen_by_the_system());
  const Closing far{*open_client_socket(*Address::parse("192.0.2.1:80"), wanted)};
  CHECK(congestion_control_of(far.fd) == chosen_by_the_system());
  const Closing near{*open_client_socket(*Address::parse("127.0.0.1:80"), "")};
  CHECK(congestion_control_of(near.fd) == chosen_by_the_system());
}

TEST_CASE("a congestion control that the kernel does not have is known as such") {
  CHECK(has_congestion_control(chosen_by_the_system()));
  CHECK(!has_congestion_control("no_such"));
}

}  // namespace weir::runtime
