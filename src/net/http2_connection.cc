#include "net/http2_connection.h"

#include <algorithm>

#include "base/units.h"
#include "net/connection_age.h"
#include "net/http_server.h"
#include "net/tls_stream.h"

namespace weir::net {
namespace {

using runtime::Task;

// What leaves in one send, about.
constexpr size_t batch_bytes_max = 64 * KiB;
// How long streams that were on their way when we announced the end may still come.
constexpr Duration last_streams_time = seconds(1);
// Memory of streams that is kept for the next ones, and how much of one.
constexpr size_t spare_max = 64;
constexpr size_t spare_head_bytes_max = 4 * KiB;
constexpr size_t spare_answer_bytes_max = 8 * KiB;
// How exactly the times of a connection are kept.
constexpr Duration watch_interval_max = milliseconds(500);

wire::Http2Limits limits_of(const HttpServerSettings& settings) {
  const Http2ServerSettings& http2 = settings.http2;
  return {.streams_max = http2.streams_max,
          .window_bytes = http2.window_bytes,
          .connection_window_bytes = http2.connection_window_bytes,
          .head_bytes_max = settings.head_bytes_max,
          .continuations_max = http2.continuations_max,
          .table_bytes_max = http2.table_bytes_max,
          .resets_per_second = http2.resets_per_second,
          .faults_per_second = http2.faults_per_second,
          .control_frames_per_second = http2.control_frames_per_second};
}

}  // namespace

Http2Connection::Http2Connection(HttpServer& server, runtime::Stream& stream, InputBuffer& input,
                                 const Client& client)
    : server_(server),
      shard_(server.shard()),
      stream_(stream),
      input_(input),
      client_(client),
      tasks_(server.shard().reactor()),
      session_(limits_of(server.settings()), *this),
      draining_hook_(on_draining, this),
      closing_hook_(on_closing, this),
      watch_timer_(on_watch, this),
      idle_since_(server.shard().now()),
      head_since_(server.shard().now()),
      heard_at_(server.shard().now()),
      ends_at_(after(shard_.now(),
                     draw_age(server.settings().http2.age_max, shard_.reactor().random()))) {}

Http2Connection::~Http2Connection() {
  WEIR_ASSERT(in_flight_ == 0);
}

Task<bool> Http2Connection::run() {
  Http2Metrics& metrics = server_.http2_metrics();
  (client_.tls ? metrics.over_tls : metrics.in_clear).add();
  shard_.closing().attach(closing_hook_);
  shard_.draining().attach(draining_hook_);
  if (shard_.draining().requested()) drain();
  tasks_.spawn(write_all());
  watch();
  co_await read_all();
  stopping_ = true;
  watch_timer_.disarm();
  metrics.count(session_.ended());
  metrics.resets_received.add(session_.resets_received());
  metrics.resets_sent.add(session_.resets_sent());
  lose_streams();
  wake_writer();
  // Handlers may go on for a while, such as a fetch for the cache.
  co_await tasks_.join();
  co_return session_.ended() != wire::Http2End::none;
}

Task<> Http2Connection::read_all() {
  while (!end_.requested() && !shard_.closing().requested()) {
    if (!input_.empty() && !feed()) co_return;
    Result<runtime::Chunk> chunk = co_await stream_.recv({never, &end_});
    if (!chunk || chunk->empty()) co_return;
    input_.add(*std::move(chunk));
  }
}

// One read batch: every request in it is begun before anything is sent.
bool Http2Connection::feed() {
  const std::string_view bytes = input_.unread();
  heard_at_ = shard_.now();
  pinged_at_ = never;
  const bool more = session_.feed(bytes, shard_.now());
  input_.consume(bytes.size());
  const uint64_t frames = session_.frames_received();
  if (!session_.in_head())
    head_since_ = never;
  else if (head_since_ == never || frames != frames_seen_)
    head_since_ = shard_.now();
  frames_seen_ = frames;
  start_requests();
  settle_marked();
  wake_writer();
  if (watch_timer_.deadline() > after(shard_.now(), watch_interval())) watch();
  return more;
}

wire::Http2ServerStream* Http2Connection::on_request(uint32_t id, wire::Http2Block& block,
                                                     bool ended) {
  if (in_flight_ >= server_.settings().http2.requests_max || stopping_) {
    server_.http2_metrics().refused.add();
    return nullptr;
  }
  auto* stream = new Http2Stream(*this, id, block, ended);
  if (!spare_.empty()) {
    stream->take_memory(spare_.back());
    block.swap(spare_.back().block);
    spare_.pop_back();
  }
  streams_.push_back(*stream);
  ++stream_count_;
  ++in_flight_;
  server_.http2_metrics().active.add();
  opened_.push_back(stream);
  return stream;
}

// Not inside the session's callbacks: an answer may come at once.
void Http2Connection::start_requests() {
  for (size_t i = 0; i < opened_.size(); ++i)
    tasks_.spawn(serve(*opened_[i]));
  opened_.clear();
}

Task<> Http2Connection::serve(Http2Stream& stream) {
  HttpExchange& exchange = server_.take_exchange();
  // One that was taken back within its read batch costs no more than this.
  if (!stream.closed()) {
    if (const wire::HeadFault fault = stream.begin(exchange)) {
      server_.metrics().malformed.add();
      server_.handler().reject(exchange, fault.http_status, fault.reason);
    } else {
      co_await server_.handler().handle(exchange);
    }
    // Not flush(): a coroutine more for each request.
    if (const std::span<iovec> answer = exchange.gather({}); !exchange.aborted() && !answer.empty())
      exchange.settle(co_await stream.send(answer, exchange.write_limit()));
  }
  stream.finish(exchange);
  server_.give_back(exchange);
  --in_flight_;
  server_.http2_metrics().active.subtract();
  mark(stream);
}

void Http2Connection::mark(Http2Stream& stream) {
  if (std::exchange(stream.marked, true)) return;
  marked_.push_back(&stream);
  wake_writer();
}

void Http2Connection::settle_marked() {
  for (size_t i = 0; i < marked_.size(); ++i) {
    Http2Stream& stream = *marked_[i];
    stream.marked = false;
    stream.settle();
    // What it did may have marked it again: then its turn comes.
    if (!stream.over() || stream.marked) continue;
    let_go(stream);
  }
  marked_.clear();
}

void Http2Connection::let_go(Http2Stream& stream) {
  stream.unlink();
  if (spare_.size() < spare_max) {
    Http2Stream::Memory& memory = spare_.emplace_back();
    stream.give_memory(memory);
    if (memory.block.capacity() > spare_head_bytes_max) memory.block = {};
    if (memory.answer.capacity() > spare_answer_bytes_max) memory.answer.release();
  }
  runtime::StreamCloser()(&stream);
  if (--stream_count_ == 0) idle_since_ = shard_.now();
}

void Http2Connection::lose_streams() {
  for (Http2Stream* at = streams_.front(); at; at = streams_.next(*at))
    at->lose();
}

// --- sending ---

void Http2Connection::wake_writer() {
  if (writer_)
    shard_.reactor().resume_later(std::exchange(writer_, nullptr));
  else
    write_wanted_ = true;
}

Task<> Http2Connection::write_all() {
  for (;;) {
    settle_marked();
    session_.produce(out_, batch_bytes_max);
    settle_marked();
    if (out_.empty()) {
      if (!session_.alive()) end_.request();
      if (stopping_ && in_flight_ == 0 && !write_wanted_) co_return;
      co_await Idle{*this};
      continue;
    }
    iovec part = runtime::part(out_.view());
    const runtime::Wait wait{after(shard_.now(), server_.settings().write_timeout),
                             stopping_ ? &shard_.closing() : &end_};
    const Result<> sent = co_await stream_.send(std::span(&part, 1), wait);
    out_.clear();
    if (!sent) co_return co_await give_up();
  }
}

// Nothing reaches the client any more.
Task<> Http2Connection::give_up() {
  end_.request();
  lose_streams();
  while (!stopping_ || in_flight_ > 0) {
    settle_marked();
    co_await Idle{*this};
  }
}

// --- times ---

// Hears of a drain, or has grown old: goes in two steps, so that what is on its way is served (RFC
// 9113 6.8).
void Http2Connection::drain() {
  if (std::exchange(draining_, true)) return;
  session_.announce_end();
  refuse_at_ = after(shard_.now(), last_streams_time);
  wake_writer();
  watch();
}

Duration Http2Connection::watch_interval() const {
  const HttpServerSettings& settings = server_.settings();
  return std::min({watch_interval_max, settings.head_timeout / 4, settings.write_timeout / 4,
                   settings.idle_timeout / 4, settings.http2.ping_timeout / 4}) +
         milliseconds(1);
}

void Http2Connection::watch() {
  const MonoTime now = shard_.now();
  check_head(now);
  check_answers(now);
  check_life(now);
  check_age(now);
  // Not between two requests of a busy client: what it needs at once again stays.
  const bool rests = now >= after(idle_since_, watch_interval());
  const bool idle = stream_count_ == 0 && rests && head_since_ == never && !draining_;
  if (idle && out_.empty()) out_.release();
  if (idle) session_.trim();
  if (idle) repeated_head_.clear();
  if (idle) repeated_request_.release();
  if (idle) std::vector<Http2Stream::Memory>().swap(spare_);
  const MonoTime idle_end = after(idle_since_, server_.settings().idle_timeout);
  if (stream_count_ == 0 && now >= idle_end) {
    session_.terminate(wire::Http2Error::no_error);
    wake_writer();
  }
  const MonoTime next = idle ? std::min(idle_end, ends_at_) : after(now, watch_interval());
  if (!stopping_)
    shard_.reactor().timers().arm(watch_timer_, std::max(next, after(now, milliseconds(1))));
}

void Http2Connection::check_head(MonoTime now) {
  if (head_since_ == never || now < after(head_since_, server_.settings().head_timeout)) return;
  head_since_ = never;
  server_.http2_metrics().stalled_head.add();
  session_.terminate(wire::Http2Error::enhance_your_calm);
  wake_writer();
}

void Http2Connection::check_answers(MonoTime now) {
  for (Http2Stream* at = streams_.front(); at; at = streams_.next(*at)) {
    if (!at->stands_still()) {
      at->still_since = never;
    } else if (at->still_since == never) {
      at->still_since = now;
    } else if (now >= after(at->still_since, server_.settings().write_timeout)) {
      at->still_since = never;
      server_.http2_metrics().stalled_answer.add();
      session_.reset(*at, wire::Http2Error::cancel);
      wake_writer();
    }
  }
}

// A client that waits has nothing to say, and one that has gone without a word looks the same.
void Http2Connection::check_life(MonoTime now) {
  const Http2ServerSettings& http2 = server_.settings().http2;
  if (stream_count_ == 0 || stopping_) return;
  if (pinged_at_ != never) {
    if (now < after(pinged_at_, http2.ping_timeout)) return;
    server_.http2_metrics().silent.add();
    pinged_at_ = never;
    heard_at_ = now;
    return end_.request();
  }
  if (now < after(heard_at_, http2.ping_after)) return;
  pinged_at_ = now;
  session_.ping();
  wake_writer();
}

void Http2Connection::check_age(MonoTime now) {
  if (now >= ends_at_) drain();
  if (now < refuse_at_ || std::exchange(refusing_, true)) return;
  session_.refuse_new();
  wake_writer();
}

}  // namespace weir::net
