#pragma once
// For tests of streams, on any reactor: pairs of connected streams, and running a task on them.

#include <string>

#include <doctest/doctest.h>

#include "runtime/reactor.h"
#include "runtime/scope.h"

namespace weir::runtime {

// Runs `task` to its end, within five seconds of the reactor's clock.
inline void run(Reactor& reactor, Task<> task) {
  Scope scope(reactor);
  scope.spawn(std::move(task));
  const MonoTime end = reactor.fresh_now() + seconds(5);
  while (scope.running() > 0 && reactor.fresh_now() < end)
    reactor.turn(end);
  REQUIRE(scope.running() == 0);
  for (int i = 0; i < 3; ++i)
    reactor.turn(reactor.now());
}

struct Pair {
  StreamPtr client;
  StreamPtr server;
};

inline Task<Result<Pair>> make_pair(Reactor& reactor, Listener& listener, Address address) {
  const Wait wait{reactor.now() + seconds(2)};
  Result<StreamPtr> client = co_await reactor.connect(address, wait);
  if (!client) co_return std::unexpected(client.error());
  Result<int> accepted = co_await listener.accept(wait);
  if (!accepted) co_return std::unexpected(accepted.error());
  co_return Pair{*std::move(client), reactor.adopt(*accepted)};
}

inline Task<Result<std::string>> read_exactly(Stream& stream, size_t bytes) {
  std::string all;
  while (all.size() < bytes) {
    Result<Chunk> chunk = co_await stream.recv({stream.reactor().now() + seconds(3)});
    if (!chunk) co_return std::unexpected(chunk.error());
    if (chunk->empty()) co_return fail(ErrorCode::closed, "ended early");
    all += chunk->view();
  }
  co_return all;
}

inline Task<> send_all(Stream& stream, std::string_view bytes) {
  iovec parts[2] = {part(bytes.substr(0, bytes.size() / 3)), part(bytes.substr(bytes.size() / 3))};
  Result<> sent = co_await stream.send(parts, {stream.reactor().now() + seconds(3)});
  CHECK(sent.has_value());
}

}  // namespace weir::runtime
