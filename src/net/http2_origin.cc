#include "net/http2_origin.h"

#include <algorithm>

#include "base/units.h"
#include "net/bounded_wait.h"
#include "net/connection_age.h"

namespace weir::net {

using runtime::Task;
using runtime::Wait;

namespace {

wire::Http2ClientLimits limits_of(const OriginSettings& settings) {
  const uint32_t window = settings.http2.window_bytes;
  // What its requests have not used up is bounded by their own windows.
  return {.window_bytes = window,
          .connection_window_bytes = std::max<uint32_t>(window, 1 * MiB),
          .head_bytes_max = settings.head_bytes_max};
}

Http2ClientTimes times_of(const OriginSettings& settings) {
  return {.silence_max = settings.http2.ping_after,
          .patience = settings.http2.ping_timeout,
          .idle_timeout = settings.idle_timeout};
}

}  // namespace

Http2Origin::Connection::Connection(runtime::Shard& shard, runtime::StreamPtr stream,
                                    const OriginSettings& settings)
    : http2(shard, std::move(stream), limits_of(settings), times_of(settings)) {}

Http2Origin::Http2Origin(runtime::Shard& shard, OriginShare& share, OriginDialer& dialer,
                         ClientMetrics& metrics)
    : shard_(shard),
      share_(share),
      dialer_(dialer),
      metrics_(metrics),
      tending_(shard.reactor()),
      look_timer_(look, this) {}

Http2Origin::~Http2Origin() {
  WEIR_ASSERT(connections_.empty() && waiting_.empty());
}

Task<Result<Http2Origin::Found>> Http2Origin::acquire(Wait wait) {
  if (waiting_.empty()) {
    if (Connection* connection = with_room()) co_return stream_on(*connection);
    if (!connecting_ && share_.take_slot()) co_return co_await connect(wait);
  }
  co_return co_await queue(wait);
}

Task<Result<Http2Origin::Found>> Http2Origin::queue(Wait wait) {
  const size_t self = shard_.index();
  if (!share_.add_waiting(self)) {
    metrics_.waiting_refused.add();
    co_return fail(ErrorCode::overloaded, "too many requests wait for a connection to the origin");
  }
  metrics_.waiting.add();
  Result<Found> found =
      co_await wait_in_queue(bounded(wait, shard_.now(), share_.settings().waiting_timeout));
  metrics_.waiting.subtract();
  share_.remove_waiting(self);
  co_return found;
}

Task<Result<Http2Origin::Found>> Http2Origin::wait_in_queue(Wait wait) {
  Waiting waiting(shard_.reactor(), wait);
  waiting_.push_back(waiting);
  arm_look();
  const Result<> woken = co_await waiting;
  if (waiting.stream) co_return std::move(waiting.stream);
  if (waiting.may_dial) co_return co_await connect(wait);
  if (waiting.http1) co_return Http1{};
  if (waiting.failed) co_return std::unexpected(*waiting.failed);
  metrics_.waiting_refused.add();
  if (woken.error().code == ErrorCode::timed_out)
    co_return fail(ErrorCode::overloaded, "no connection to the origin had room in time");
  co_return std::unexpected(woken.error());
}

// Its place among the origin's connections has been taken.
Task<Result<Http2Origin::Found>> Http2Origin::connect(Wait wait) {
  connecting_ = true;
  Result<Dialed> dialed = co_await dialer_.dial(
      share_.http2_offer(), bounded(wait, shard_.now(), share_.settings().connect_timeout));
  connecting_ = false;
  if (!dialed) {
    share_.give_slot();
    const ErrorCode code = dialed.error().code;
    metrics_.connect_failed(code).add();
    // Whoever waits beside a request that has run out of its own time tries again.
    const bool own = code == ErrorCode::cancelled || shard_.now() >= wait.until;
    own ? serve_waiting() : fail_waiting(dialed.error());
    co_return std::unexpected(dialed.error());
  }
  metrics_.opened.add();
  if (!dialed->http2) {
    http1_until_ = after(shard_.now(), http1_time);
    serve_waiting();
    metrics_.open.add();
    co_return Http1{std::move(dialed->stream)};
  }
  ConnectionPtr made = make(std::move(dialed->stream));
  connections_.push_back(*made);
  metrics_.open.add();
  ++open_;
  OriginConnectionPtr stream = stream_on(*made);
  tending_.spawn(tend(std::move(made)));
  serve_waiting();
  co_return stream;
}

Task<Result<runtime::StreamPtr>> Http2Origin::dial(Wait wait) {
  Result<Dialed> dialed = co_await dialer_.dial(share_.http2_offer(), wait);
  if (!dialed) co_return std::unexpected(dialed.error());
  if (!dialed->http2) co_return std::move(dialed->stream);
  ConnectionPtr made = make(std::move(dialed->stream));
  runtime::StreamPtr stream = make_stream(*made);
  tending_.spawn(finish(std::move(made)));
  co_return stream;
}

Http2Origin::ConnectionPtr Http2Origin::make(runtime::StreamPtr stream) {
  stream->expect_bulk();
  auto made = std::make_unique<Connection>(shard_, std::move(stream), share_.settings());
  made->http2.start();
  return made;
}

// Until it takes no more requests, and those that it has have ended.
Task<> Http2Origin::tend(ConnectionPtr connection) {
  Http2ClientConnection& http2 = connection->http2;
  const Duration age = draw_age(share_.settings().http2.age_max, shard_.reactor().random());
  const Wait wait{after(shard_.now(), age), &http2.leaving()};
  (void)co_await runtime::sleep(shard_.reactor(), wait);
  if (http2.lost() && http2.requests() == 0) metrics_.lost.add();
  if (http2.silent()) metrics_.http2_silent.add();
  connection->unlink();
  co_await finish(std::move(connection));
  metrics_.open.subtract();
  --open_;
  publish();
  share_.give_slot();
  serve_waiting();
}

Task<> Http2Origin::finish(ConnectionPtr connection) {
  co_await connection->http2.drained();
  co_await connection->http2.stop();
}

Http2Origin::Connection* Http2Origin::with_room() {
  const uint32_t most = share_.settings().http2.streams_max;
  for (Connection* at = connections_.front(); at; at = connections_.next(*at)) {
    const size_t allowed = std::min(most, at->http2.session().streams_max());
    if (at->http2.usable() && at->http2.requests() < allowed) return at;
  }
  return nullptr;
}

OriginConnectionPtr Http2Origin::stream_on(Connection& connection) {
  if (connection.carried > 0) metrics_.reused.add();
  return std::make_unique<OriginConnection>(make_stream(connection), connection.carried++);
}

runtime::StreamPtr Http2Origin::make_stream(Connection& connection) {
  metrics_.http2_streams.add();
  ++streams_;
  publish();
  return runtime::StreamPtr(
      new Http2OriginStream(shard_.reactor(), connection.http2, share_.scheme(), *this));
}

void Http2Origin::stream_ended() {
  metrics_.http2_streams.subtract();
  --streams_;
  publish();
  serve_waiting();
}

Error Http2Origin::http1_required() {
  metrics_.http2_unwanted.add();
  if (share_.http2_offer() == HttpOffer::http2)
    return {ErrorCode::invalid, "the origin requires HTTP/1.1, which http2.use=on rules out"};
  http1_until_ = after(shard_.now(), http1_time);
  return {ErrorCode::unsupported, "the origin requires HTTP/1.1"};
}

// Whoever waits gets what there is: room on a connection, or the right to make one.
void Http2Origin::serve_waiting() {
  while (auto* first = static_cast<Waiting*>(waiting_.front())) {
    if (!wanted()) {
      first->http1 = true;
    } else if (Connection* connection = with_room()) {
      first->stream = stream_on(*connection);
    } else if (!connecting_ && share_.take_slot()) {
      connecting_ = first->may_dial = true;
    } else {
      return;
    }
    first->wake();
  }
}

void Http2Origin::fail_waiting(Error why) {
  while (auto* first = static_cast<Waiting*>(waiting_.front())) {
    first->failed = why;
    first->wake();
  }
}

void Http2Origin::arm_look() {
  if (look_armed_) return;
  look_armed_ = true;
  shard_.reactor().timers().arm(look_timer_, after(shard_.now(), look_again_time));
}

void Http2Origin::look(void* self) {
  auto& origin = *static_cast<Http2Origin*>(self);
  origin.look_armed_ = false;
  origin.serve_waiting();
  if (!origin.waiting_.empty()) origin.arm_look();
}

Task<> Http2Origin::stop() {
  for (Connection* at = connections_.front(); at; at = connections_.next(*at))
    at->http2.leaving().request();
  co_await tending_.join();
  look_timer_.disarm();
}

}  // namespace weir::net
