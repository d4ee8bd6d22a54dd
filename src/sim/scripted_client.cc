#include "sim/scripted_client.h"

#include <algorithm>
#include <array>

#include "runtime/waiter.h"
#include "sim/request_bytes.h"
#include "wire/http1_request.h"

namespace weir::sim {
namespace {

using runtime::Shard;
using runtime::Stream;
using runtime::Task;
using runtime::Wait;

constexpr Duration connect_limit = seconds(20);
constexpr size_t shared_targets = 8;
constexpr unsigned interims_max = 32;

constexpr size_t fields_max = 128;

wire::HeadResult parse(std::string_view bytes, const SimRequest& request,
                       wire::ResponseHead& head) {
  head.fields.clear();
  return wire::parse_response_head(bytes, 0, {}, wire::request_method(request.method), head);
}

double maybe(Random& random, double most) {
  return random.below(3) == 0 ? random.unit() * most : 0;
}

}  // namespace

ClientMix ClientMix::draw(Random& random) {
  ClientMix mix;
  mix.pipelined = maybe(random, 1);
  mix.vanish = maybe(random, 0.5);
  mix.slow_reader = maybe(random, 0.5);
  mix.slow_writer = maybe(random, 0.5);
  mix.body = random.unit() * 0.7;
  mix.expect_continue = maybe(random, 0.5);
  mix.shared = maybe(random, 1);
  mix.body_bytes_max = uint64_t{1} << random.below(18);
  mix.answer_bytes_max = uint64_t{300} << random.below(11);
  return mix;
}

// One connection's script, and how far it has come.
struct ScriptedClients::Connection {
  Connection(Shard& at, Stream& over, Duration read_pause_max)
      : shard(at),
        stream(over),
        reader(over, read_pause_max),
        scope(at.reactor()),
        may_write(at.reactor()) {}

  Random& random() { return shard.reactor().random(); }
  MonoTime now() const { return shard.now(); }
  bool gone() const { return now() >= vanishes_at; }

  Shard& shard;
  Stream& stream;
  MessageReader reader;
  runtime::Scope scope;
  runtime::WaitQueue may_write;
  std::vector<SimRequest> requests;
  size_t begun = 0;     // how many requests have been sent in part
  size_t answered = 0;  // how many have had their answer
  bool pipelined = false;
  bool ended = false;
  Duration write_pause_max{0};
  MonoTime vanishes_at = never;
};

void ScriptedClients::violation(std::string what) {
  if (tally_.violations++ == 0) tally_.first_violation = std::move(what);
}

Task<> ScriptedClients::run(Shard& shard) {
  runtime::Scope scope(shard.reactor());
  for (size_t i = 0; i < options_.clients; ++i)
    scope.spawn(one_client(shard, i));
  co_await scope.join();
}

Task<> ScriptedClients::one_client(Shard& shard, size_t index) {
  Random& random = shard.reactor().random();
  const std::string secret = "s" + std::to_string(index) + "-" + std::to_string(random());
  for (size_t i = 0; i < options_.connections && !shard.closing().requested(); ++i) {
    const auto pause = milliseconds(random.below(2'000));
    (void)co_await sleep(shard.reactor(), {shard.now() + pause, &shard.closing()});
    co_await one_connection(shard, secret);
  }
}

Task<> ScriptedClients::one_connection(Shard& shard, std::string secret) {
  Random& random = shard.reactor().random();
  Result<runtime::StreamPtr> stream = co_await shard.reactor().connect(
      options_.service, {shard.now() + connect_limit, &shard.closing()});
  if (!stream) {
    ++tally_.unconnected;
    co_return;
  }
  const bool slow_reader = random.unit() < mix_.slow_reader;
  Connection connection(shard, **stream, milliseconds(slow_reader ? 50 : 0));
  draw_requests(connection, secret);
  connection.scope.spawn(write_requests(connection));
  co_await read_answers(connection);
  connection.ended = true;
  connection.scope.cancel().request();
  co_await connection.scope.join();
  if (connection.gone()) {
    ++tally_.vanished;
    if (random.below(2) == 0) (*stream)->abort_on_close();
  }
}

void ScriptedClients::draw_requests(Connection& connection, const std::string& secret) {
  Random& random = connection.random();
  connection.pipelined = random.unit() < mix_.pipelined;
  if (random.unit() < mix_.slow_writer)
    connection.write_pause_max = milliseconds(1 + random.below(300));
  if (random.unit() < mix_.vanish)
    connection.vanishes_at =
        connection.now() + microseconds(random.below(uint64_t{1} << (5 + random.below(18))));
  const size_t count = 1 + random.below(options_.requests_max);
  for (size_t i = 0; i < count; ++i)
    connection.requests.push_back(draw_request(random, secret));
}

SimRequest ScriptedClients::draw_request(Random& random, const std::string& secret) {
  SimRequest request;
  request.secret = secret;
  request.method = random.below(8) == 0 ? "HEAD" : "GET";
  const uint64_t size = random.below(4) == 0 ? random.below(options_.requests_max)
                                             : random.below(mix_.answer_bytes_max + 1);
  if (random.unit() < mix_.shared) {
    const uint64_t which = random.below(shared_targets);
    request.target = "/shared/" + std::to_string(which) + "/" + std::to_string(which * 9'000);
    return request;
  }
  request.target = "/private/" + std::to_string(next_request_++) + "/" + std::to_string(size);
  if (random.unit() >= mix_.body) return request;
  request.method = random.below(3) == 0 ? "PUT" : "POST";
  request.body_bytes = random.below(mix_.body_bytes_max + 1);
  request.chunked = random.below(2) == 0;
  request.expect_continue = random.unit() < mix_.expect_continue;
  return request;
}

Task<> ScriptedClients::write_requests(Connection& connection) {
  for (const SimRequest& request : connection.requests) {
    while (!connection.pipelined && connection.answered < connection.begun)
      if (!co_await connection.may_write.wait({never, &connection.scope.cancel()})) co_return;
    ++tally_.requests;
    ++connection.begun;
    if (!co_await write_request(connection, request)) co_return;
  }
}

Task<bool> ScriptedClients::write_request(Connection& connection, const SimRequest& request) {
  runtime::Reactor& reactor = connection.shard.reactor();
  runtime::Cancel* cancel = &connection.scope.cancel();
  const std::string head = request_head(request, options_.host), body = request_body(request);
  for (const std::string_view bytes : {std::string_view(head), std::string_view(body)}) {
    for (size_t at = 0; at < bytes.size();) {
      size_t size = bytes.size() - at;
      if (connection.write_pause_max > Duration(0))
        size = std::min<size_t>(size, 1 + connection.random().below(size));
      iovec parts[1] = {runtime::part(bytes.substr(at, size))};
      if (!co_await connection.stream.send(parts, {never, cancel})) co_return false;
      at += size;
      const auto spread = static_cast<uint64_t>(connection.write_pause_max.count()) + 1;
      const auto pause = nanoseconds(connection.random().below(spread));
      if (!co_await sleep(reactor, {connection.now() + pause, cancel})) co_return false;
    }
    // Who asks whether to go on does not wait for ever (RFC 9110 10.1.1).
    const Duration patience = milliseconds(request.expect_continue ? 200 : 0);
    if (!co_await sleep(reactor, {connection.now() + patience, cancel})) co_return false;
  }
  co_return true;
}

Task<> ScriptedClients::read_answers(Connection& connection) {
  for (const SimRequest& request : connection.requests) {
    if (!co_await read_answer(connection, request)) co_return;
    ++connection.answered;
    connection.may_write.wake_all();
  }
}

Task<bool> ScriptedClients::read_answer(Connection& connection, const SimRequest& request) {
  const MonoTime limit = connection.now() + options_.answer_limit;
  const Wait wait{std::min(limit, connection.vanishes_at), &connection.shard.closing()};
  const Result<std::string> bytes = co_await read_final_head(connection, request, wait);
  if (!bytes) {
    count_failure(connection, request, bytes.error(), connection.reader.has_unread());
    co_return false;
  }
  std::array<wire::Field, fields_max> storage;
  wire::ResponseHead head{std::span(storage)};
  (void)parse(*bytes, request, head);
  const Result<std::string> body = co_await connection.reader.read_body(head.framing, wait);
  if (!body) {
    count_failure(connection, request, body.error(), true);
    co_return false;
  }
  count(request, judge(request, head, *body, connection.reader.trailer()));
  co_return head.keep_alive;
}

Task<Result<std::string>> ScriptedClients::read_final_head(Connection& connection,
                                                           const SimRequest& request, Wait wait) {
  std::array<wire::Field, fields_max> storage;
  wire::ResponseHead head{std::span(storage)};
  auto parse_more = [&](std::string_view bytes) { return parse(bytes, request, head); };
  for (unsigned interims = 0; interims <= interims_max; ++interims) {
    WEIR_CO_TRY(const wire::HeadResult result,
                co_await connection.reader.read_head(parse_more, wait));
    if (result.malformed()) co_return fail(ErrorCode::invalid, result.reason);
    std::string bytes = connection.reader.take(result.bytes);
    if (!head.interim) co_return bytes;
  }
  co_return fail(ErrorCode::invalid, "too many interim answers");
}

void ScriptedClients::count_failure(const Connection& connection, const SimRequest& request,
                                    Error error, bool begun) {
  if (connection.gone() || error.code == ErrorCode::cancelled) return;
  if (error.code == ErrorCode::timed_out) {
    if (options_.link_may_be_silent) {
      ++tally_.unheard;
      return;
    }
    return violation("neither answered nor closed in time: " + request.target);
  }
  if (error.code == ErrorCode::invalid)
    return violation("a malformed answer to " + request.method + " " + request.target + ": " +
                     error.text);
  begun ? ++tally_.torn : ++tally_.unanswered;
}

void ScriptedClients::count(const SimRequest& request, Verdict verdict) {
  if (verdict == Verdict::right) {
    ++tally_.right;
  } else if (verdict == Verdict::own_error) {
    ++tally_.own_errors;
  } else {
    violation(std::string(to_string(verdict)) + " answer to " + request.target);
  }
}

}  // namespace weir::sim
