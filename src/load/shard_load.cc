#include "load/shard_load.h"

#include <algorithm>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace weir::load {
namespace {

using runtime::Task;
using runtime::Wait;

// Requests that are due this close to each other leave together: a finer clock costs more wake-ups
// than it gains.
constexpr Duration pace_quantum = microseconds(50);
// We were late for a request when we looked this long after it was due.
constexpr Duration late_after = milliseconds(1);
// Connections that a shard opens at once, below what servers let queue up.
constexpr size_t opened_at_once = 128;
// In a closed loop a connection that cannot be made is not tried again at full speed.
constexpr Duration reconnect_pause = milliseconds(10);
constexpr wire::HeadLimits answer_limits{};

// The part of `total` that shard `index` of `count` has; the first ones have the rest.
uint64_t share_of(uint64_t total, size_t index, size_t count) {
  return total / count + (index < total % count ? 1 : 0);
}

Failure failure_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::timed_out:
      return Failure::timed_out;
    case ErrorCode::reset:
      return Failure::reset;
    case ErrorCode::closed:
      return Failure::closed;
    case ErrorCode::invalid:
    case ErrorCode::limit:
      return Failure::malformed;
    case ErrorCode::cancelled:
      return Failure::unfinished;
    default:
      return Failure::other;
  }
}

std::optional<Arrivals> arrivals_of(const LoadOptions& options, const runtime::Shard& shard) {
  if (!options.rate) return std::nullopt;
  const auto shards = static_cast<uint32_t>(shard.shard_count());
  const double phase = (static_cast<double>(shard.index()) + 0.5) / shards;
  return Arrivals(options.rate->share(shards), options.arrival, phase, 0x5eed + shard.index());
}

}  // namespace

ShardLoad::ShardLoad(runtime::Shard& shard, LoadRun& run, LoadCounts& counts)
    : shard_(shard),
      reactor_(shard.reactor()),
      run_(run),
      options_(run.options),
      counts_(counts),
      connections_(share_of(options_.connections, shard.index(), shard.shard_count())),
      backlog_(static_cast<uint32_t>(
          std::max<uint64_t>(1, share_of(options_.queue, shard.index(), shard.shard_count())))),
      arrivals_(arrivals_of(options_, shard)),
      carriers_(reactor_),
      requests_left_(options_.max_requests == 0
                         ? UINT64_MAX
                         : share_of(options_.max_requests, shard.index(), shard.shard_count())),
      alarm_fd_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) {
  WEIR_ASSERT(alarm_fd_ >= 0);
}

ShardLoad::~ShardLoad() {
  ::close(alarm_fd_);
}

Task<> ShardLoad::run() {
  co_await open_all();
  run_.shards_ready.fetch_add(1);
  if (!co_await wait_for_start()) co_return;
  issuing_ = true;
  for (Connection& connection : connections_)
    carriers_.spawn(carry(connection));
  if (arrivals_) co_await pace();
  co_await carriers_.join();
}

Task<bool> ShardLoad::wait_for_start() {
  int64_t start = 0;
  while ((start = run_.start_ns.load()) == 0) {
    // Asking each millisecond keeps the start free of messages that would have to find us.
    const Wait wait{after(shard_.now(), milliseconds(1)), &shard_.draining()};
    if (!co_await runtime::sleep(reactor_, wait)) co_return false;
  }
  if (start < 0) co_return false;
  start_ = MonoTime(Duration(start));
  measure_from_ = start_ + options_.warmup;
  end_ = measure_from_ + options_.duration;
  co_return true;
}

Task<> ShardLoad::open_all() {
  runtime::Scope openers(reactor_);
  size_t next = 0;
  for (size_t i = 0; i < std::min(opened_at_once, connections_.size()); ++i)
    openers.spawn(open_some(next));
  co_await openers.join();
}

Task<> ShardLoad::open_some(size_t& next) {
  while (next < connections_.size() && !shard_.draining().requested()) {
    Connection& connection = connections_[next++];
    if (co_await connect(connection, after(shard_.now(), options_.timeout)))
      run_.connections_ready.fetch_add(1);
    else if (run_.connections_ready.load() == 0)
      co_return;
  }
}

Task<bool> ShardLoad::connect(Connection& connection, MonoTime until) {
  Result<runtime::StreamPtr> made =
      co_await reactor_.connect(options_.target, {until, &shard_.closing()});
  if (!made) {
    run_.connect_errno.store(made.error().sys);
    run_.connect_problem.store(made.error().text);
    co_return false;
  }
  counts_.connections.add();
  connection.stream = *std::move(made);
  co_return true;
}

// --- when ---

Task<> ShardLoad::pace() {
  next_arrival_ = arrivals_->next();
  for (;;) {
    const MonoTime now = reactor_.fresh_now();
    issue_all_due(now);
    if (now >= end_ || !next_arrival_ || !may_issue()) break;
    const MonoTime due = std::min(after(start_, *next_arrival_), end_);
    set_alarm(std::max(due, now + pace_quantum));
    (void)co_await reactor_.poll(alarm_fd_, POLLIN, {after(end_, seconds(1)), &shard_.draining()});
  }
  stop_issuing();
}

void ShardLoad::set_alarm(MonoTime when) {
  const int64_t ns = nanos(when);
  const itimerspec alarm{.it_interval = {},
                         .it_value = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000}};
  timerfd_settime(alarm_fd_, TFD_TIMER_ABSTIME, &alarm, nullptr);
}

void ShardLoad::issue_all_due(MonoTime now) {
  while (next_arrival_ && may_issue()) {
    const MonoTime due = after(start_, *next_arrival_);
    if (due > now || due >= end_) return;
    issue(due, now);
    next_arrival_ = arrivals_->next();
  }
}

void ShardLoad::issue(MonoTime due, MonoTime now) {
  --requests_left_;
  counts_.requests_total.add();
  if (measured(due)) {
    counts_.requests.add();
    counts_.lag.record(static_cast<uint64_t>((now - due).count()));
    if (now - due > late_after) counts_.late.add();
  }
  if (Connection* connection = idle_.pop_front()) {
    connection->due = due;
    reactor_.resume_later(std::exchange(connection->parked, nullptr));
    return;
  }
  const bool kept = backlog_.push(due);
  if (!measured(due)) return;
  if (kept)
    counts_.waited.add();
  else
    counts_.missed.add();
}

void ShardLoad::stop_issuing() {
  issuing_ = false;
  while (Connection* connection = idle_.pop_front()) {
    connection->due = never;
    reactor_.resume_later(std::exchange(connection->parked, nullptr));
  }
}

bool ShardLoad::take_from_backlog(Connection& connection) {
  while (const std::optional<MonoTime> due = backlog_.pop()) {
    const Failure unsent = shard_.draining().requested() ? Failure::unfinished : Failure::timed_out;
    if (unsent == Failure::timed_out && after(*due, options_.timeout) > shard_.now()) {
      connection.due = *due;
      return true;
    }
    fail_request(*due, unsent);
  }
  return false;
}

bool ShardLoad::take_due(Connection& connection) {
  const MonoTime now = reactor_.fresh_now();
  connection.due = never;
  if (now >= end_ || !may_issue()) return false;
  --requests_left_;
  counts_.requests_total.add();
  if (measured(now)) counts_.requests.add();
  connection.due = now;
  return true;
}

bool ShardLoad::NextRequest::await_ready() {
  if (!load.arrivals_) {
    load.take_due(connection);
    return true;
  }
  connection.due = never;
  return load.take_from_backlog(connection) || !load.issuing_;
}

void ShardLoad::NextRequest::await_suspend(std::coroutine_handle<> caller) {
  connection.parked = caller;
  load.idle_.push_back(connection);
}

// --- one request ---

Task<> ShardLoad::carry(Connection& connection) {
  // Before the start is before the first request, in a closed loop too.
  if (!arrivals_) (void)co_await runtime::sleep(reactor_, {start_, &shard_.draining()});
  while (co_await NextRequest{*this, connection}) {
    const Outcome outcome = co_await exchange(connection);
    record(connection.due, outcome);
    if (outcome.keep_alive) continue;
    connection.close();
    if (outcome.failure == Failure::connect && !arrivals_ && outcome.status == 0)
      (void)co_await runtime::sleep(reactor_,
                                    {after(shard_.now(), reconnect_pause), &shard_.draining()});
  }
  connection.close();
}

Task<ShardLoad::Outcome> ShardLoad::exchange(Connection& connection) {
  const Wait wait{after(connection.due, options_.timeout), &shard_.closing()};
  if (!connection.usable()) connection.close();
  if (!connection.stream && !co_await connect(connection, wait.until)) {
    const bool late = reactor_.fresh_now() >= wait.until;
    co_return Outcome{.failure = late ? Failure::timed_out : Failure::connect};
  }
  iovec request = runtime::part(options_.request_bytes);
  const Result<> sent = co_await connection.stream->send(std::span(&request, 1), wait);
  if (!sent) co_return Outcome{.failure = failure_of(sent.error())};
  counts_.bytes_sent.add(options_.request_bytes.size());
  const Result<Head> head = co_await receive_head(connection, wait);
  if (!head) co_return Outcome{.failure = failure_of(head.error())};
  if (head->framing.kind != wire::BodyFraming::Kind::none) {
    const Result<> body = co_await receive_body(connection, head->framing, wait);
    if (!body) co_return Outcome{.failure = failure_of(body.error())};
  }
  co_return Outcome{.status = head->status, .keep_alive = head->keep_alive};
}

Task<Result<>> ShardLoad::receive_more(Connection& connection, Wait wait) {
  Result<runtime::Chunk> chunk = co_await connection.stream->recv(wait);
  if (!chunk) co_return std::unexpected(chunk.error());
  if (chunk->empty()) co_return fail(ErrorCode::closed, "the server closed the connection");
  counts_.bytes_received.add(chunk->size());
  connection.input.add(*std::move(chunk));
  co_return Result<>{};
}

Task<Result<ShardLoad::Head>> ShardLoad::receive_head(Connection& connection, Wait wait) {
  size_t scanned = 0;
  for (;;) {
    const wire::HeadResult parsed = wire::parse_response_head(
        connection.input.unread(), scanned, answer_limits, options_.method, head_);
    if (parsed.malformed()) co_return fail(ErrorCode::invalid, parsed.reason);
    if (parsed.incomplete()) {
      scanned = parsed.bytes;
      const Result<> more = co_await receive_more(connection, wait);
      if (!more) co_return std::unexpected(more.error());
      continue;
    }
    scanned = 0;
    const Head head{head_.status, head_.keep_alive, head_.framing};
    const bool interim = head_.interim;
    connection.input.consume(parsed.bytes);
    if (!interim) co_return head;
  }
}

Task<Result<>> ShardLoad::receive_body(Connection& connection, wire::BodyFraming framing,
                                       Wait wait) {
  net::BodyReader body(*connection.stream, connection.input);
  body.begin(framing);
  while (!body.done()) {
    WEIR_CO_TRY(const std::string_view piece, body.read_ready());
    if (!piece.empty() || body.done()) continue;
    const Result<> more = co_await receive_more(connection, wait);
    if (more) continue;
    const bool ended = more.error().code == ErrorCode::closed &&
                       framing.kind == wire::BodyFraming::Kind::until_close;
    if (ended) break;
    co_return more;
  }
  body.release_piece();
  co_return Result<>{};
}

void ShardLoad::record(MonoTime due, const Outcome& outcome) {
  if (outcome.status == 0) return fail_request(due, outcome.failure);
  const MonoTime now = reactor_.fresh_now();
  counts_.answered_total.add();
  if (now >= measure_from_ && now < end_) counts_.answered_in_time.add();
  if (!measured(due)) return;
  counts_.by_class[std::min<size_t>(outcome.status / 100, 5)].add();
  counts_.latency.record(static_cast<uint64_t>((now - due).count()));
}

void ShardLoad::fail_request(MonoTime due, Failure failure) {
  if (measured(due)) counts_.failures[static_cast<size_t>(failure)].add();
}

}  // namespace weir::load
