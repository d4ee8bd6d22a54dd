#include "cli/successor.h"

#include <csignal>
#include <poll.h>

#include <doctest/doctest.h>

namespace weir::cli {
namespace {

ProgramImage shell(const char* script) {
  return {.path = "/bin/sh", .words = {"sh", "-c", script}, .environment = {"PATH=/bin:/usr/bin"}};
}

Successor::State state_after_news(Successor& successor) {
  pollfd news{successor.news_fd(), POLLIN, 0};
  poll(&news, 1, 5000);
  return successor.state();
}

}  // namespace

TEST_CASE("a successor that writes its byte is ready, and finds its sockets in the environment") {
  auto successor = Successor::start(
      shell("case $WEIR_HANDOVER in edge=0,ready=*) printf R >&${WEIR_HANDOVER##*=};; esac; exec "
            "sleep 20"),
      std::vector<NamedSocket>{{"edge", 0}});
  REQUIRE_MESSAGE(successor.has_value(), successor.error());
  CHECK(state_after_news(*successor) == Successor::State::ready);
  CHECK(successor->end() == "signal 9");
}

TEST_CASE("a successor that ends has failed, and its status is told") {
  auto successor = Successor::start(shell("exit 3"), {});
  REQUIRE(successor.has_value());
  CHECK(state_after_news(*successor) == Successor::State::failed);
  CHECK(successor->end() == "exit status 3");
}

TEST_CASE("a program that is not there has failed") {
  ProgramImage missing = shell("");
  missing.path = "/nowhere/weir";
  auto successor = Successor::start(missing, {});
  REQUIRE(successor.has_value());
  CHECK(state_after_news(*successor) == Successor::State::failed);
  CHECK(successor->end().find("could not be executed") != std::string::npos);
}

TEST_CASE("one that says nothing is still starting, and is killed when it is dropped") {
  auto successor = Successor::start(shell("exec sleep 20"), {});
  REQUIRE(successor.has_value());
  CHECK(successor->state() == Successor::State::starting);
  CHECK(successor->end() == "signal 9");
}

}  // namespace weir::cli
