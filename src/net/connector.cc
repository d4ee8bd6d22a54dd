#include "net/connector.h"

#include "runtime/scope.h"

namespace weir::net {

using runtime::Reactor;
using runtime::StreamPtr;
using runtime::Task;
using runtime::Wait;

std::vector<Address> connect_order(std::span<const Address> addresses) {
  std::vector<Address> first, second, order;
  for (const Address& address : addresses)
    (address.is_v6() == addresses[0].is_v6() ? first : second).push_back(address);
  for (size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) order.push_back(first[i]);
    if (i < second.size()) order.push_back(second[i]);
  }
  if (order.size() > connect_addresses_max) order.resize(connect_addresses_max);
  return order;
}

namespace {

// One connection in the making. Lives until every attempt has ended.
struct Race {
  Race(Reactor& on, Wait bound) : reactor(on), wait(bound), attempts(on), progress(on) {}

  Reactor& reactor;
  Wait wait;
  runtime::Scope attempts;
  runtime::WaitQueue progress;  // an attempt has ended
  StreamPtr winner;
  std::optional<Error> first_error;
  size_t failed = 0;
};

Task<> attempt(Race& race, Address address) {
  Result<StreamPtr> stream =
      co_await race.reactor.connect(address, {race.wait.until, &race.attempts.cancel()});
  if (stream && !race.winner) {
    race.winner = *std::move(stream);
  } else if (!stream) {
    ++race.failed;
    if (!race.first_error) race.first_error = stream.error();
  }
  race.progress.wake_all();
}

// Until somebody has won, all that were started have failed, or `until` has come.
Task<Result<>> wait_for_progress(Race& race, size_t started, MonoTime until) {
  while (!race.winner && race.failed < started) {
    const Wait wait{std::min(until, race.wait.until), race.wait.cancel};
    const Result<> woken = co_await race.progress.wait(wait);
    if (!woken) co_return woken;
  }
  co_return Result<>{};
}

Task<Result<>> run_race(Race& race, std::span<const Address> order) {
  for (size_t i = 0; i < order.size() && !race.winner; ++i) {
    race.attempts.spawn(attempt(race, order[i]));
    const bool last = i + 1 == order.size();
    const MonoTime next = last ? never : after(race.reactor.now(), connect_attempt_delay);
    const Result<> progress = co_await wait_for_progress(race, i + 1, next);
    if (!progress &&
        (progress.error().code != ErrorCode::timed_out || race.reactor.now() >= race.wait.until))
      co_return progress;
  }
  co_return Result<>{};
}

}  // namespace

Task<Result<StreamPtr>> connect_any(Reactor& reactor, std::span<const Address> addresses,
                                    Wait wait) {
  if (addresses.empty()) co_return fail(ErrorCode::dns, "the host has no address");
  if (addresses.size() == 1) co_return co_await reactor.connect(addresses[0], wait);
  Race race(reactor, wait);
  const std::vector<Address> order = connect_order(addresses);
  const Result<> ran = co_await run_race(race, order);
  const std::optional<Error> error = race.first_error;
  race.attempts.cancel().request();
  co_await race.attempts.join();
  if (race.winner) co_return std::move(race.winner);
  if (error) co_return std::unexpected(*error);
  co_return std::unexpected(ran.error());
}

}  // namespace weir::net
