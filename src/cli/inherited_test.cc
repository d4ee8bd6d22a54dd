#include "cli/inherited.h"

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "cli/listeners.h"
#include "runtime/socket.h"

namespace weir::cli {
namespace {

const Address any_port = Address::v4(0x7f000001, 0);

int listening() {
  return *runtime::open_listener(any_port, 16);
}

bool is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

// Sets the variable, takes what it says, and finds it gone.
std::expected<Inherited, std::string> take(const std::string& handover) {
  setenv("WEIR_HANDOVER", handover.c_str(), 1);
  auto taken = Inherited::take();
  CHECK(std::getenv("WEIR_HANDOVER") == nullptr);
  return taken;
}

struct Pipe {
  Pipe() { REQUIRE(pipe2(ends, O_CLOEXEC) == 0); }
  ~Pipe() { close(ends[0]); }
  std::string read_all() {
    char text[8];
    const ssize_t size = read(ends[0], text, sizeof text);
    return {text, static_cast<size_t>(std::max<ssize_t>(size, 0))};
  }
  int ends[2];
};

}  // namespace

TEST_CASE("a socket that was handed over is claimed by its name and address") {
  Pipe pipe;
  const int edge = listening(), admin = listening();
  auto taken = take("edge=" + std::to_string(edge) + ",admin=" + std::to_string(admin) +
                    ",ready=" + std::to_string(pipe.ends[1]));
  REQUIRE_MESSAGE(taken.has_value(), taken.error());
  CHECK(taken->has_predecessor());
  CHECK(taken->claim("edge", runtime::local_of(edge)) == edge);
  CHECK(taken->claim("edge", any_port) == std::nullopt);
  CHECK(taken->claim("admin", any_port) == admin);
  CHECK((fcntl(edge, F_GETFD) & FD_CLOEXEC) != 0);
  taken->report_ready();
  CHECK(pipe.read_all() == "R");
  close(edge);
  close(admin);
}

TEST_CASE("a socket on another address than is wished for is closed, and a new one opened") {
  Pipe pipe;
  const int old = listening();
  int fresh = -1;
  {
    auto taken = take("edge=" + std::to_string(old) + ",ready=" + std::to_string(pipe.ends[1]));
    REQUIRE(taken.has_value());
    const Address elsewhere = Address::v4(0x7f000002, 0);
    const auto opened = open_listener(*taken, {.name = "edge",
                                               .key = "edge.listen",
                                               .flag = "--listen",
                                               .address = elsewhere.to_string()});
    REQUIRE_MESSAGE(opened.has_value(), opened.error());
    fresh = *opened;
    CHECK(fresh != old);
  }
  CHECK(!is_open(old));
  CHECK(is_open(fresh));
  close(fresh);
  CHECK(pipe.read_all().empty());  // nobody said that it serves
}

TEST_CASE("a variable that makes no sense is an error, and gone") {
  for (const char* text : {"edge", "edge=x,ready=1", "edge=999999,ready=1", "ready="})
    CHECK_MESSAGE(!take(text).has_value(), text);
  CHECK(take("").error().find("WEIR_HANDOVER") != std::string::npos);
}

TEST_CASE("what systemd opened for another process is not ours") {
  setenv("LISTEN_PID", "1", 1);
  setenv("LISTEN_FDS", "1", 1);
  auto taken = Inherited::take();
  REQUIRE(taken.has_value());
  CHECK(taken->claim("edge", any_port) == std::nullopt);
  CHECK(std::getenv("LISTEN_FDS") == nullptr);
}

TEST_CASE("variables of a hand-over are told from others") {
  CHECK(Inherited::is_variable("WEIR_HANDOVER=a=1"));
  CHECK(Inherited::is_variable("LISTEN_FDS=1"));
  CHECK(!Inherited::is_variable("WEIR_HANDOVERS=1"));
  CHECK(!Inherited::is_variable("WEIR_EDGE_LISTEN=:80"));
}

TEST_CASE("a port that is taken is an error that names the flag to change") {
  const int taken = listening();
  Inherited none;
  const auto refused = open_listener(none, {.name = "edge",
                                            .key = "edge.listen",
                                            .flag = "--listen",
                                            .address = runtime::local_of(taken).to_string()});
  REQUIRE(!refused.has_value());
  for (const char* word : {"--listen", "edge.listen", "another program"})
    CHECK_MESSAGE(refused.error().find(word) != std::string::npos, refused.error());
  close(taken);
}

}  // namespace weir::cli
