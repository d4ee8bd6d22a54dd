#include "sim/scripted_origin.h"

#include <array>

#include "base/units.h"
#include "runtime/waiter.h"
#include "sim/answer_bytes.h"
#include "sim/content.h"

namespace weir::sim {
namespace {

using runtime::Shard;
using runtime::Stream;
using runtime::Task;
using runtime::Wait;

constexpr Duration patience = seconds(120);
constexpr size_t connections_max = 1024;
constexpr size_t piece_bytes_max = 32 << 10;

}  // namespace

struct ScriptedOrigin::Connection {
  Shard& shard;
  Stream& stream;
  MessageReader reader;

  Random& random() { return shard.reactor().random(); }
  Wait at_most(Duration limit) { return {shard.now() + limit, &shard.closing()}; }
};

void ScriptedOrigin::violation(std::string what) {
  if (tally_.violations++ == 0) tally_.first_violation = std::move(what);
}

Task<> ScriptedOrigin::run(Shard& shard) {
  std::unique_ptr<runtime::Listener> listener = *shard.reactor().listen(listener_);
  while (!shard.draining().requested()) {
    Result<int> fd = co_await listener->accept({never, &shard.draining()});
    if (!fd) continue;
    runtime::StreamPtr stream = shard.reactor().adopt(*fd);
    // What is above the bound is closed at once.
    if (shard.background().running() <= connections_max)
      shard.background().spawn(serve(shard, std::move(stream)));
  }
}

Task<> ScriptedOrigin::serve(Shard& shard, runtime::StreamPtr stream) {
  ++tally_.connections;
  Connection connection{shard, *stream, MessageReader(*stream, Duration(0))};
  while (co_await exchange(connection)) {
  }
}

Task<bool> ScriptedOrigin::exchange(Connection& connection) {
  const Result<Request> request = co_await read_request(connection);
  if (!request) co_return false;
  ++tally_.requests;
  const OriginPlan plan = OriginPlan::draw(connection.random(), mix_);
  if (plan.early) {
    if (!co_await answer(connection, *request, plan)) co_return false;
    co_return co_await read_body(connection, *request);
  }
  if (!co_await read_body(connection, *request)) co_return false;
  co_return co_await answer(connection, *request, plan);
}

Task<Result<ScriptedOrigin::Request>> ScriptedOrigin::read_request(Connection& connection) {
  std::array<wire::Field, 64> storage;
  wire::RequestHead head{std::span(storage)};
  auto parse = [&](std::string_view bytes) { return wire::parse_request_head(bytes, 0, {}, head); };
  const auto spread = static_cast<uint64_t>(mix_.idle_max.count()) / 2;
  const Duration idle = mix_.idle_max - nanoseconds(connection.random().below(spread));
  const Wait wait = connection.at_most(idle);
  WEIR_CO_TRY(const wire::HeadResult result, co_await connection.reader.read_head(parse, wait));
  if (result.malformed()) {
    violation(std::string("a malformed request: ") + result.reason);
    co_return fail(ErrorCode::invalid, result.reason);
  }
  Request request = take_request(head);
  connection.reader.consume(result.bytes);
  co_return request;
}

ScriptedOrigin::Request ScriptedOrigin::take_request(const wire::RequestHead& head) {
  Request request;
  request.method = head.method_text;
  request.target = head.target;
  if (const wire::Field* field = head.fields.find(secret_field)) request.secret = field->value;
  if (const wire::Field* field = head.fields.find(body_field))
    request.body_bytes = parse_u64(field->value).value_or(0);
  request.framing = head.framing;
  request.keep_alive = head.keep_alive;
  if (request.secret.empty()) violation("a request without its secret: " + request.target);
  if (head.method == wire::RequestMethod::post && !unrepeatable_.insert(request.target).second)
    violation("a POST came twice: " + request.target);
  return request;
}

Task<bool> ScriptedOrigin::read_body(Connection& connection, const Request& request) {
  const Result<std::string> body =
      co_await connection.reader.read_body(request.framing, connection.at_most(patience));
  if (!body) {
    ++tally_.cut_requests;
    if (body.error().code == ErrorCode::invalid) violation("broken chunks: " + request.target);
    co_return false;
  }
  if (*body != request_content(request.target, request.secret, request.body_bytes))
    violation("a wrong request body taken for whole: " + request.target);
  co_return true;
}

Task<bool> ScriptedOrigin::answer(Connection& connection, const Request& request,
                                  const OriginPlan& plan) {
  Stream& stream = connection.stream;
  if (plan.kind == OriginPlan::Kind::hang_up) co_return false;
  if (plan.kind == OriginPlan::Kind::silent) {
    (void)co_await stream.recv(connection.at_most(patience));
    co_return false;
  }
  const AnswerFor asked{request.method, request.target, request.secret, request.keep_alive};
  std::string bytes = plan.kind == OriginPlan::Kind::garbage
                          ? garbage_answer(asked, connection.random())
                          : answer_bytes(asked, plan);
  if (plan.cut) bytes.resize(connection.random().below(bytes.size()));
  for (size_t at = 0; at < bytes.size();) {
    const size_t size =
        std::min<size_t>(bytes.size() - at, 1 + connection.random().below(piece_bytes_max));
    iovec parts[1] = {runtime::part(std::string_view(bytes).substr(at, size))};
    if (!co_await stream.send(parts, connection.at_most(patience))) {
      // Where the end of the connection is the end of the body, an orderly one would be a lie.
      stream.abort_on_close();
      co_return false;
    }
    at += size;
    if (plan.pause_max == Duration(0)) continue;
    const auto pause = connection.random().below(static_cast<uint64_t>(plan.pause_max.count()));
    (void)co_await sleep(connection.shard.reactor(), connection.at_most(nanoseconds(pause)));
  }
  if (plan.cut && plan.cut_by_reset) stream.abort_on_close();
  if (plan.cut || plan.kind == OriginPlan::Kind::garbage) co_return false;
  ++tally_.answers;
  co_return plan.keep_alive&& request.keep_alive&& plan.extra_bytes == 0;
}

}  // namespace weir::sim
