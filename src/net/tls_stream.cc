#include "net/tls_stream.h"

namespace weir::net {

using runtime::Chunk;
using runtime::StreamPtr;
using runtime::Task;
using runtime::Wait;

namespace {

// The largest record (RFC 8446 5.1).
constexpr size_t record_bytes_max = 16 * 1024;

// The engine of a stream that is no more, and the way back into one.
class TlsLayer final : public runtime::StreamLayer {
 public:
  explicit TlsLayer(std::unique_ptr<TlsEngine> engine) : engine_(std::move(engine)) {}
  StreamPtr over(StreamPtr inner) override {
    return StreamPtr(new TlsStream(std::move(inner), std::move(engine_)));
  }

 private:
  std::unique_ptr<TlsEngine> engine_;
};

// Goes on later in this turn, outside of whoever started the pump.
struct Later {
  runtime::Reactor& reactor;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) { reactor.resume_later(caller); }
  void await_resume() const {}
};

}  // namespace

TlsStream::TlsStream(StreamPtr inner, SslPtr ssl)
    : Stream(inner->reactor()),
      inner_(std::move(inner)),
      engine_(std::make_unique<TlsEngine>(std::move(ssl))) {}

TlsStream::TlsStream(StreamPtr inner, std::unique_ptr<TlsEngine> engine)
    : Stream(inner->reactor()),
      inner_(std::move(inner)),
      engine_(std::move(engine)),
      established_(true) {}

Task<Result<>> TlsStream::handshake(Wait wait, HandshakeTurns* turns) {
  for (;;) {
    if (turns) co_await turns->next();
    const TlsEngine::Status status = engine_->handshake();
    // An alert that says why it failed goes out, too.
    const Result<> flushed = co_await flush(wait);
    if (status == TlsEngine::Status::done) {
      established_ = flushed.has_value();
      co_return flushed;
    }
    if (status != TlsEngine::Status::want_input) co_return std::unexpected(engine_->error());
    if (!flushed) co_return flushed;
    Result<Chunk> chunk = co_await inner_->recv(wait);
    if (!chunk) co_return std::unexpected(chunk.error());
    if (chunk->empty())
      co_return fail(ErrorCode::closed, "the peer ended inside the TLS handshake");
    engine_->feed(*std::move(chunk));
  }
}

Task<Result<>> TlsStream::flush(Wait wait) {
  while (!engine_->out().empty()) {
    // What the engine writes meanwhile gathers elsewhere.
    sending_.clear();
    sending_.swap(engine_->out());
    iovec parts[1] = {runtime::part(sending_.view())};
    const Result<> sent = co_await inner_->send(parts, wait);
    if (!sent) co_return sent;
  }
  sending_.release();
  co_return Result<>{};
}

void TlsStream::want_input() {
  paused_ = false;
  if (reading_ || closing_ || input_ended()) return;
  reading_ = true;
  pump_input();
}

TlsStream::Pump TlsStream::pump_input() {
  ++pumps_;
  co_await Later{reactor()};
  while (!closing_ && !paused_ && deliver()) {
    if (closing_ || paused_) break;
    Result<Chunk> chunk = co_await inner_->recv({never, &recv_cancel_});
    if (closing_ || (detaching_ && !chunk)) break;
    if (!chunk) {
      on_ended(std::unexpected(chunk.error()));
    } else if (chunk->empty()) {
      on_ended(fail(ErrorCode::reset, "the TLS connection was cut off without close_notify"));
    } else {
      engine_->feed(*std::move(chunk));
      continue;
    }
    break;
  }
  reading_ = false;
  if (detacher_) reactor().resume_later(std::exchange(detacher_, nullptr));
  end_pump();
}

Task<int> TlsStream::detach() {
  struct ReadingEnds {
    TlsStream& stream;
    bool await_ready() const { return !stream.reading_; }
    void await_suspend(std::coroutine_handle<> caller) { stream.detacher_ = caller; }
    void await_resume() const {}
  };
  detaching_ = true;
  recv_cancel_.request();
  co_await ReadingEnds{*this};
  if (!quiet() || pumps_ > 0 || !engine_->idle()) co_return -1;
  const int fd = co_await inner_->detach();
  if (fd < 0) co_return fd;
  engine_->leave_shard();
  established_ = false;  // whoever has it next says goodbye
  co_return fd;
}

std::unique_ptr<runtime::StreamLayer> TlsStream::take_layer() {
  return std::make_unique<TlsLayer>(std::move(engine_));
}

bool TlsStream::deliver() {
  char plain[record_bytes_max];
  while (!closing_ && !paused_) {
    size_t size = 0;
    const TlsEngine::Status status = engine_->read(plain, size);
    if (status == TlsEngine::Status::want_input) return true;
    if (status == TlsEngine::Status::done) {
      on_received(Chunk::copy_of({plain, size}));
      continue;
    }
    const bool closed = status == TlsEngine::Status::closed;
    on_ended(closed ? Result<>{} : std::unexpected(engine_->error()));
    return false;
  }
  return true;
}

std::optional<Result<>> TlsStream::start_send(std::span<iovec> parts, size_t bytes) {
  sent_at_once_.reset();
  starting_send_ = true;
  pump_output(parts, bytes);
  starting_send_ = false;
  return sent_at_once_;
}

TlsStream::Pump TlsStream::pump_output(std::span<iovec> parts, size_t bytes) {
  ++pumps_;
  Result<> result;
  while (result && !parts.empty()) {
    if (engine_->write(parts) != TlsEngine::Status::done)
      result = std::unexpected(engine_->error());
    else
      result = co_await flush({never, &send_cancel_});
  }
  --pumps_;
  if (starting_send_)
    sent_at_once_ = result;
  else
    on_sent(result, result ? bytes : 0);
}

void TlsStream::shutdown_send() {
  if (!said_goodbye_) send_end();
}

TlsStream::Pump TlsStream::send_end() {
  ++pumps_;
  said_goodbye_ = true;
  engine_->close_notify();
  (void)co_await flush({after(reactor().now(), goodbye_time), &send_cancel_});
  if (!closing_) inner_->shutdown_send();
  end_pump();
}

void TlsStream::abort_on_close() {
  aborted_ = true;
  inner_->abort_on_close();
}

void TlsStream::close() {
  closing_ = true;
  recv_cancel_.request();
  send_cancel_.request();
  ++pumps_;
  end_pump();
}

void TlsStream::end_pump() {
  if (--pumps_ > 0 || !closing_) return;
  if (established_ && !aborted_ && !said_goodbye_) {
    send_goodbye();
    return;
  }
  delete this;
}

TlsStream::Pump TlsStream::send_goodbye() {
  ++pumps_;
  said_goodbye_ = true;
  engine_->close_notify();
  (void)co_await flush({after(reactor().now(), goodbye_time)});
  end_pump();
}

Task<Result<StreamPtr>> tls_handshake(StreamPtr inner, SslPtr ssl, Wait wait) {
  auto* tls = new TlsStream(std::move(inner), std::move(ssl));
  StreamPtr stream(tls);
  const Result<> done = co_await tls->handshake(wait);
  if (!done) co_return std::unexpected(done.error());
  co_return stream;
}

}  // namespace weir::net
