#include "edge/tunnel.h"

#include "edge/forward.h"
#include "runtime/scope.h"

namespace weir::edge {
namespace {

using runtime::Task;

// A WebSocket without pings is silent for long; this ends those whose peer is gone for good.
constexpr Duration silence_max = hours(1);
constexpr Duration write_time = seconds(30);

struct Side {
  runtime::Stream& stream;
  net::InputBuffer& input;
};

// Bytes from one side to the other until one of them ends; then the other direction is told by
// `stop`.
Task<> pump(Side from, Side to, runtime::Cancel& stop) {
  runtime::Reactor& reactor = from.stream.reactor();
  for (;;) {
    if (from.input.empty()) {
      Result<runtime::Chunk> chunk =
          co_await from.stream.recv({after(reactor.now(), silence_max), &stop});
      if (!chunk || chunk->empty()) break;
      from.input.add(*std::move(chunk));
    }
    const std::string_view bytes = from.input.unread();
    iovec part = runtime::part(bytes);
    if (!co_await to.stream.send(std::span(&part, 1), {after(reactor.now(), write_time), &stop}))
      break;
    from.input.consume(bytes.size());
  }
  stop.request();
}

}  // namespace

Task<> tunnel(EdgeRequest& request, net::OriginExchange& origin, const wire::ResponseHead& head) {
  append_client_response(request, head, OutFraming::none);
  request.exchange.close_after();
  if (!co_await request.exchange.flush()) co_return;
  const Side client{request.exchange.stream(), request.exchange.input()};
  const Side server{origin.tunnel_stream(), origin.tunnel_input()};
  runtime::Scope scope(request.exchange.reactor());
  runtime::CancelHook closing(
      [](void* cancel) { static_cast<runtime::Cancel*>(cancel)->request(); }, &scope.cancel());
  request.exchange.shard().closing().attach(closing);
  scope.spawn(pump(client, server, scope.cancel()));
  scope.spawn(pump(server, client, scope.cancel()));
  co_await scope.join();
}

}  // namespace weir::edge
