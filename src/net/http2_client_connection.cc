#include "net/http2_client_connection.h"

#include <algorithm>

#include "base/units.h"

namespace weir::net {
namespace {

constexpr size_t batch_bytes_max = 64 * KiB;
// How long the server may take to accept what we send.
constexpr Duration write_time = seconds(30);
constexpr Duration goodbye_time = seconds(1);
constexpr Duration watch_interval = milliseconds(500);
// A request that ends unanswered after so long a silence makes us ask at once.
constexpr Duration drop_silence = seconds(1);

}  // namespace

using runtime::Task;

Http2ClientConnection::Http2ClientConnection(runtime::Shard& shard, runtime::StreamPtr stream,
                                             const wire::Http2ClientLimits& limits,
                                             const Http2ClientTimes& times)
    : shard_(shard),
      stream_(std::move(stream)),
      session_(limits),
      times_(times),
      tasks_(shard.reactor()),
      drained_(shard.reactor()),
      closing_hook_([](void* self) { static_cast<Http2ClientConnection*>(self)->end_.request(); },
                    this),
      watch_timer_([](void* self) { static_cast<Http2ClientConnection*>(self)->watch(); }, this),
      idle_since_(shard.now()) {}

Http2ClientConnection::~Http2ClientConnection() {
  WEIR_ASSERT(requests_ == 0);
}

void Http2ClientConnection::start() {
  if (shard_.closing().requested()) end_.request();
  shard_.closing().attach(closing_hook_);
  tasks_.spawn(read_all());
  tasks_.spawn(write_all());
  watch();
}

Task<> Http2ClientConnection::drained() {
  while (requests_ > 0)
    (void)co_await drained_.wait({never});
}

Task<> Http2ClientConnection::stop() {
  if (!end_.requested()) session_.terminate();
  end_.request();
  wake_writer();
  co_await tasks_.join();
}

Task<> Http2ClientConnection::read_all() {
  while (!end_.requested()) {
    Result<runtime::Chunk> chunk = co_await stream_->recv({never, &end_});
    if (!chunk || chunk->empty()) {
      lost_ = !end_.requested();
      break;
    }
    silent_since_ = never;
    pinged_at_ = never;
    const bool more = session_.feed(chunk->view());
    if (session_.spoke()) asked_ = false;
    if (!session_.takes_requests()) leaving_.request();
    settle_marked();
    wake_writer();
    if (!more) break;
  }
  end_.request();
  leaving_.request();
  watch_timer_.disarm();
  session_.close_all();
  wake_writer();
}

// Sends, and settles what was marked: for as long as there are requests, even if nothing can be
// sent any more.
Task<> Http2ClientConnection::write_all() {
  for (bool lost = false;;) {
    settle_marked();
    if (!lost) session_.produce(out_, batch_bytes_max);
    settle_marked();
    if (out_.empty()) {
      if (!session_.alive()) end_.request();
      if (end_.requested() && requests_ == 0 && marked_.empty()) co_return;
      out_.release();
      co_await Idle{*this};
      continue;
    }
    iovec part = runtime::part(out_.view());
    const Duration time = end_.requested() ? goodbye_time : write_time;
    const Result<> sent =
        co_await stream_->send(std::span(&part, 1), {after(shard_.now(), time), &shard_.closing()});
    out_.clear();
    lost |= !sent;
    if (lost) end_.request();
  }
}

void Http2ClientConnection::mark(Http2Settling& settling) {
  if (settling.linked()) return;
  marked_.push_back(settling);
  wake_writer();
}

void Http2ClientConnection::settle_marked() {
  while (Http2Settling* next = marked_.pop_front())
    next->settle();
}

void Http2ClientConnection::wake_writer() {
  if (writer_)
    shard_.reactor().resume_later(std::exchange(writer_, nullptr));
  else
    write_wanted_ = true;
}

std::optional<uint32_t> Http2ClientConnection::request(std::span<const wire::Field> fields,
                                                       bool ended,
                                                       wire::Http2ClientStream& stream) {
  if (this->ended()) return std::nullopt;
  const std::optional<uint32_t> id = session_.request(fields, ended, stream);
  if (!id) return id;
  // Of a new request the server has not been asked yet.
  if (silent_since_ == never || std::exchange(asked_, false)) silent_since_ = shard_.now();
  wake_writer();
  return id;
}

void Http2ClientConnection::resume(uint32_t stream) {
  session_.resume(stream);
  wake_writer();
}

void Http2ClientConnection::drop(uint32_t stream) {
  session_.drop(stream);
  if (shard_.now() - silent_since_ >= drop_silence) ask_for_life();
  wake_writer();
}

void Http2ClientConnection::leave() {
  if (--requests_ > 0) return;
  idle_since_ = shard_.now();
  drained_.wake_all();
  if (ended()) wake_writer();
}

void Http2ClientConnection::ask_for_life() {
  if (silent_since_ == never || pinged_at_ != never) return;
  pinged_at_ = shard_.now();
  asked_ = true;
  session_.ping();
  wake_writer();
}

void Http2ClientConnection::watch() {
  if (end_.requested()) return;
  const MonoTime now = shard_.now();
  const bool dead = pinged_at_ != never && now >= after(pinged_at_, times_.patience);
  const bool unused = requests_ == 0 && now >= after(idle_since_, times_.idle_timeout);
  if (unused) session_.terminate();
  silent_ = dead;
  if (dead || unused) {
    leaving_.request();
    return end_.request();
  }
  if (silent_since_ == never && requests_ > 0) silent_since_ = now;
  const Duration silence = asked_ ? times_.silence_again : times_.silence_max;
  if (now >= after(silent_since_, std::max(silence, times_.silence_max))) ask_for_life();
  shard_.reactor().timers().arm(watch_timer_, after(now, watch_interval));
}

}  // namespace weir::net
