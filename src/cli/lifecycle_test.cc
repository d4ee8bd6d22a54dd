#include "cli/lifecycle.h"

#include <doctest/doctest.h>

namespace weir::cli {
namespace {

constexpr Patience patience{.restart = seconds(60), .drain = seconds(30), .close = seconds(5)};

// A lifecycle with a clock that the test moves.
struct Run {
  Order on(Event event) { return lifecycle.on(event, now, patience); }
  Order later(Duration time) {
    now += time;
    return on(Event::tick);
  }
  Lifecycle lifecycle;
  MonoTime now = MonoTime(hours(1));
};

}  // namespace

TEST_CASE("a stop drains, and the process exits when the service has ended") {
  Run run;
  CHECK(run.on(Event::stop) == Order::drain);
  CHECK(run.lifecycle.phase() == Phase::draining);
  CHECK(run.later(seconds(29)) == Order::none);
  CHECK(run.on(Event::service_ended) == Order::exit);
}

TEST_CASE("what does not drain in time is closed, and what does not close is left behind") {
  Run run;
  run.on(Event::stop);
  CHECK(run.later(seconds(30)) == Order::close);
  CHECK(run.later(seconds(4)) == Order::none);
  CHECK(run.later(seconds(1)) == Order::exit_stuck);
}

TEST_CASE("a second stop closes at once") {
  Run run;
  run.on(Event::stop);
  CHECK(run.on(Event::stop) == Order::close);
  CHECK(run.on(Event::stop) == Order::none);
  CHECK(run.on(Event::service_ended) == Order::exit);
}

TEST_CASE("reload and reopen are carried out while serving, and no reload while stopping") {
  Run run;
  CHECK(run.on(Event::reload) == Order::reload);
  CHECK(run.on(Event::reopen_logs) == Order::reopen_logs);
  run.on(Event::stop);
  CHECK(run.on(Event::reload) == Order::none);
  CHECK(run.on(Event::reopen_logs) == Order::reopen_logs);
}

TEST_CASE("a restart hands over once the successor is ready") {
  Run run;
  CHECK(run.on(Event::restart) == Order::start_successor);
  CHECK(run.on(Event::restart) == Order::refuse_restart);
  CHECK(run.on(Event::reload) == Order::reload);
  CHECK(run.on(Event::successor_ready) == Order::hand_over);
  CHECK(run.lifecycle.phase() == Phase::draining);
  CHECK(run.on(Event::service_ended) == Order::exit);
}

TEST_CASE("a successor that fails or dawdles is dropped, and another may be tried") {
  Run run;
  run.on(Event::restart);
  CHECK(run.on(Event::successor_failed) == Order::drop_successor);
  CHECK(run.lifecycle.phase() == Phase::serving);
  CHECK(run.lifecycle.deadline() == never);
  CHECK(run.on(Event::restart) == Order::start_successor);
  CHECK(run.later(seconds(59)) == Order::none);
  CHECK(run.later(seconds(1)) == Order::drop_successor);
  CHECK(run.on(Event::restart) == Order::start_successor);
}

TEST_CASE("a stop during a restart stops for good") {
  Run run;
  run.on(Event::restart);
  CHECK(run.on(Event::stop) == Order::drain);
  CHECK(run.on(Event::restart) == Order::refuse_restart);
}

TEST_CASE("a service that ends by itself ends the process") {
  Run run;
  CHECK(run.on(Event::service_ended) == Order::exit);
}

}  // namespace weir::cli
