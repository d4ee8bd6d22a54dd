#include "net/http2_client_connection.h"

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
    if (!chunk || chunk->empty()) break;
    silent_since_ = never;
    pinged_at_ = never;
    const bool more = session_.feed(chunk->view());
    wake_writer();
    if (!more) break;
  }
  end_.request();
  watch_timer_.disarm();
  session_.close_all();
  wake_writer();
}

Task<> Http2ClientConnection::write_all() {
  for (;;) {
    session_.produce(out_, batch_bytes_max);
    if (out_.empty()) {
      if (!session_.alive()) end_.request();
      if (end_.requested()) co_return;
      out_.release();
      co_await Idle{*this};
      continue;
    }
    iovec part = runtime::part(out_.view());
    const Duration time = end_.requested() ? goodbye_time : write_time;
    const Result<> sent =
        co_await stream_->send(std::span(&part, 1), {after(shard_.now(), time), &shard_.closing()});
    out_.clear();
    if (!sent) break;
  }
  end_.request();
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
  const std::optional<uint32_t> id = session_.request(fields, ended, stream);
  if (!id) return id;
  ++requests_;
  if (silent_since_ == never) silent_since_ = shard_.now();
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
}

void Http2ClientConnection::ask_for_life() {
  if (silent_since_ == never || pinged_at_ != never) return;
  pinged_at_ = shard_.now();
  session_.ping();
  wake_writer();
}

void Http2ClientConnection::watch() {
  if (end_.requested()) return;
  const MonoTime now = shard_.now();
  if (pinged_at_ != never && now >= after(pinged_at_, times_.patience)) return end_.request();
  if (requests_ == 0 && now >= after(idle_since_, times_.idle_timeout)) {
    session_.terminate();
    return end_.request();
  }
  if (silent_since_ == never && requests_ > 0) silent_since_ = now;
  if (now >= after(silent_since_, times_.silence_max)) ask_for_life();
  shard_.reactor().timers().arm(watch_timer_, after(now, watch_interval));
}

}  // namespace weir::net
