#pragma once
// Http2ClientConnection: one HTTP/2 connection to a server, for many requests at a time: reads,
// writes what all of them have to say with one send a turn, and ends when the server does, when it
// gives no sign of life, or when it is told to. Belongs to whoever made it, on one shard; stop()
// before it dies.

#include "base/list.h"
#include "runtime/scope.h"
#include "runtime/shard.h"
#include "wire/http2_client_session.h"

namespace weir::net {

struct Http2ClientTimes {
  // A server that owes an answer and has been silent for so long is asked for a sign of life (PING)
  // and, when it gives none for so long, given up. One that let a request's time pass in silence is
  // asked at once: the next request shall not meet a connection that leads nowhere.
  Duration silence_max = seconds(20);
  Duration patience = seconds(10);
  // One that is alive and goes on being silent, as in a call of gRPC that waits for news, is asked
  // again after so long: gRPC's servers let a client go that asks more than every five minutes
  // without having been told anything in between (too_many_pings).
  Duration silence_again = minutes(5) + seconds(10);
  // A connection without requests ends after this.
  Duration idle_timeout = minutes(5);
};

// Somebody who hands on what came of a request, which must not happen inside the session.
class Http2Settling : public ListNode<Http2Settling> {
 public:
  // May run whoever waits, who may destroy this.
  virtual void settle() = 0;

 protected:
  ~Http2Settling() = default;
};

class Http2ClientConnection {
 public:
  Http2ClientConnection(runtime::Shard& shard, runtime::StreamPtr stream,
                        const wire::Http2ClientLimits& limits, const Http2ClientTimes& times = {});
  ~Http2ClientConnection();
  Http2ClientConnection(const Http2ClientConnection&) = delete;
  Http2ClientConnection& operator=(const Http2ClientConnection&) = delete;

  // Once, before anything else.
  void start();
  // Whether a new request may be sent.
  bool usable() const { return !ended() && session_.takes_requests(); }
  // Whether what was open has ended with it, or is about to.
  bool ended() const { return end_.requested(); }
  // Whether the server or the network ended it, and not we.
  bool lost() const { return lost_; }
  // Whether we ended it since the server gave no sign of life.
  bool silent() const { return silent_; }
  // Requested when it takes no new requests any more.
  runtime::Cancel& leaving() { return leaving_; }
  // Waits until no request is under way; whoever sends them bounds them.
  runtime::Task<> drained();
  // Says good-bye and waits until nothing runs any more. Whatever is open is told that it is
  // closed.
  runtime::Task<> stop();

  // A request will use the connection, until leave(): it does not rest meanwhile.
  void enter() { ++requests_; }
  void leave();
  // As the session's; what it has to say is sent soon. After enter().
  std::optional<uint32_t> request(std::span<const wire::Field> fields, bool ended,
                                  wire::Http2ClientStream& stream);
  void resume(uint32_t stream);
  // The answer's time is over, or nobody wants it any more.
  void drop(uint32_t stream);
  wire::Http2ClientSession& session() { return session_; }
  // Those that have entered, and not left.
  size_t requests() const { return requests_; }
  // `settling` is settled soon, in this turn.
  void mark(Http2Settling& settling);
  void wake_writer();
  runtime::Stream& stream() { return *stream_; }

 private:
  struct Idle {
    Http2ClientConnection& connection;
    bool await_ready() const { return std::exchange(connection.write_wanted_, false); }
    void await_suspend(std::coroutine_handle<> writer) { connection.writer_ = writer; }
    void await_resume() const {}
  };

  runtime::Task<> read_all();
  runtime::Task<> write_all();
  void settle_marked();
  void ask_for_life();
  void watch();

  runtime::Shard& shard_;
  runtime::StreamPtr stream_;
  wire::Http2ClientSession session_;
  const Http2ClientTimes times_;
  runtime::Scope tasks_;
  runtime::WaitQueue drained_;
  List<Http2Settling> marked_;
  runtime::Cancel end_;
  runtime::Cancel leaving_;
  runtime::CancelHook closing_hook_;
  runtime::Timer watch_timer_;
  Buffer out_;
  std::coroutine_handle<> writer_;
  bool write_wanted_ = false;
  bool lost_ = false;
  bool silent_ = false;
  size_t requests_ = 0;
  MonoTime idle_since_;
  // Since when the server owes a sign of life; `never`: it owes none.
  MonoTime silent_since_ = never;
  MonoTime pinged_at_ = never;
  bool asked_ = false;  // for life, and nothing was said of a request since
};

}  // namespace weir::net
