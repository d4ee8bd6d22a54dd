#include "net/breaker.h"

#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace weir::net {
namespace {

constexpr BreakerSettings settings{.failures_in_row = 3,
                                   .failure_share = 0.5,
                                   .window_requests_min = 10,
                                   .window = seconds(10),
                                   .open_time = seconds(5),
                                   .probes = 2};

MonoTime at(Duration since_start) {
  return MonoTime(hours(1)) + since_start;
}

// One request that ends as `outcome`; what the breaker said.
Admission request(Breaker& breaker, OriginOutcome outcome, Duration when = {}) {
  const Admission admission = breaker.admit(at(when));
  if (admission != Admission::refused) breaker.finish(admission, outcome, at(when));
  return admission;
}

void open(Breaker& breaker, Duration when = {}) {
  for (int i = 0; i < 3; ++i)
    request(breaker, OriginOutcome::failure, when);
  REQUIRE(breaker.state(at(when)) == BreakerState::open);
}

}  // namespace

TEST_CASE("a breaker opens after so many failures in a row, and a success starts the count anew") {
  Breaker breaker(settings);
  request(breaker, OriginOutcome::failure);
  request(breaker, OriginOutcome::failure);
  request(breaker, OriginOutcome::success);
  request(breaker, OriginOutcome::failure);
  request(breaker, OriginOutcome::failure);
  CHECK(breaker.state(at({})) == BreakerState::closed);
  request(breaker, OriginOutcome::unknown);
  request(breaker, OriginOutcome::failure);
  CHECK(breaker.state(at({})) == BreakerState::open);
  CHECK(request(breaker, OriginOutcome::success) == Admission::refused);
  CHECK(breaker.openings() == 1);
}

TEST_CASE("a breaker says ahead whether it would refuse") {
  Breaker breaker(settings);
  CHECK(!breaker.refuses(at({})));
  open(breaker);
  CHECK(breaker.refuses(at({})));
  CHECK(!breaker.wants_probe(at({})));
  const MonoTime later = at(seconds(6));
  CHECK(!breaker.refuses(later));
  CHECK(breaker.wants_probe(later));
  CHECK(breaker.admit(later) == Admission::probe);
  CHECK(breaker.refuses(later));
  CHECK(!breaker.wants_probe(later));
  breaker.finish(Admission::probe, OriginOutcome::success, later);
  CHECK(!breaker.refuses(later));
}

TEST_CASE("a breaker opens when too large a share of a window fails") {
  Breaker breaker(settings);
  for (int i = 0; i < 9; ++i)
    request(breaker, i % 2 == 0 ? OriginOutcome::failure : OriginOutcome::success);
  CHECK(breaker.state(at({})) == BreakerState::closed);
  request(breaker, OriginOutcome::failure);
  CHECK(breaker.state(at({})) == BreakerState::open);
}

TEST_CASE("failures of an earlier window do not count in the next") {
  Breaker breaker(settings);
  for (int window = 0; window < 5; ++window)
    for (int i = 0; i < 9; ++i)
      request(breaker, i % 2 == 0 ? OriginOutcome::failure : OriginOutcome::success,
              seconds(10) * window);
  CHECK(breaker.state(at(seconds(40))) == BreakerState::closed);
}

TEST_CASE("after its time an open breaker lets one probe through at a time") {
  Breaker breaker(settings);
  open(breaker);
  CHECK(breaker.admit(at(milliseconds(4999))) == Admission::refused);
  CHECK(breaker.admit(at(seconds(5))) == Admission::probe);
  CHECK(breaker.state(at(seconds(5))) == BreakerState::half_open);
  CHECK(breaker.admit(at(seconds(5))) == Admission::refused);
  breaker.finish(Admission::probe, OriginOutcome::unknown, at(seconds(5)));
  CHECK(breaker.admit(at(seconds(5))) == Admission::probe);
}

TEST_CASE("enough probes that succeed close a breaker, one that fails opens it again") {
  Breaker breaker(settings);
  open(breaker);
  CHECK(request(breaker, OriginOutcome::success, seconds(5)) == Admission::probe);
  CHECK(breaker.state(at(seconds(5))) == BreakerState::half_open);
  CHECK(request(breaker, OriginOutcome::failure, seconds(5)) == Admission::probe);
  CHECK(breaker.state(at(seconds(9))) == BreakerState::open);
  CHECK(request(breaker, OriginOutcome::success, seconds(10)) == Admission::probe);
  CHECK(request(breaker, OriginOutcome::success, seconds(10)) == Admission::probe);
  CHECK(breaker.state(at(seconds(10))) == BreakerState::closed);
  CHECK(request(breaker, OriginOutcome::failure, seconds(10)) == Admission::normal);
  CHECK(breaker.state(at(seconds(10))) == BreakerState::closed);
}

TEST_CASE("requests that were under way when a breaker opened do not prolong it") {
  Breaker breaker(settings);
  const Admission late = breaker.admit(at({}));
  open(breaker);
  breaker.finish(late, OriginOutcome::failure, at(seconds(4)));
  CHECK(breaker.admit(at(seconds(5))) == Admission::probe);
  CHECK(breaker.openings() == 1);
}

TEST_CASE("with both rules off a breaker stays closed") {
  BreakerSettings off = settings;
  off.failures_in_row = 0;
  off.window_requests_min = 1'000'000;
  Breaker breaker(off);
  for (int i = 0; i < 1000; ++i)
    request(breaker, OriginOutcome::failure);
  CHECK(breaker.state(at({})) == BreakerState::closed);
}

TEST_CASE("threads that share a breaker never get two probes at a time") {
  Breaker breaker(settings);
  open(breaker);
  std::atomic<int> probes{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j)
        if (breaker.admit(at(seconds(6))) == Admission::probe) probes.fetch_add(1);
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(probes.load() == 1);
}

}  // namespace weir::net
