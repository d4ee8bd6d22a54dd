#include "sim/steady_clients.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "runtime/scope.h"
#include "runtime/waiter.h"
#include "sim/message_reader.h"
#include "wire/http1_response.h"

namespace weir::sim {
namespace {

using runtime::Shard;
using runtime::Task;

constexpr Duration patience = seconds(30);

// Every fourth request finds no origin, which is an error that is kept for certain.
std::string request_of(size_t number) {
  const std::string path = number % 4 == 0 ? "/missing" : "/health/live";
  return "GET " + path + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
}

}  // namespace

Task<> SteadyClients::run(Shard& shard) {
  runtime::Scope scope(shard.reactor());
  for (size_t i = 0; i < clients_; ++i)
    scope.spawn(one_client(shard, i));
  co_await scope.join();
}

Task<> SteadyClients::one_client(Shard& shard, size_t index) {
  Result<runtime::StreamPtr> stream;
  for (size_t number = index; !shard.draining().requested(); ++number) {
    if (!stream || !*stream)
      stream =
          co_await shard.reactor().connect(service_, {shard.now() + patience, &shard.draining()});
    if (stream && !co_await ask(shard, **stream, number)) stream = runtime::StreamPtr();
    (void)co_await sleep(shard.reactor(), {shard.now() + pause_, &shard.draining()});
  }
}

Task<bool> SteadyClients::ask(Shard& shard, runtime::Stream& stream, size_t number) {
  const MonoTime begin = shard.reactor().fresh_now();
  const runtime::Wait wait{begin + patience, &shard.closing()};
  const std::string request = request_of(number);
  iovec part = runtime::part(std::string_view(request));
  ++tally_.requests;
  std::array<wire::Field, 64> storage;
  wire::ResponseHead head{std::span(storage)};
  MessageReader reader(stream, Duration(0));
  auto parse = [&](std::string_view bytes) {
    return wire::parse_response_head(bytes, 0, {}, wire::RequestMethod::get, head);
  };
  bool whole = false;
  if (co_await stream.send(std::span(&part, 1), wait)) {
    const Result<wire::HeadResult> result = co_await reader.read_head(parse, wait);
    if (result && !result->malformed()) {
      reader.consume(result->bytes);
      whole = (co_await reader.read_body(head.framing, wait)).has_value();
    }
  }
  if (!whole) ++tally_.failures;
  tally_.latency_max = std::max(tally_.latency_max, shard.reactor().fresh_now() - begin);
  co_return whole&& head.keep_alive;
}

}  // namespace weir::sim
