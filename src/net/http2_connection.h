#pragma once
// Http2Connection: one client connection that speaks HTTP/2, from the preface to the end: its
// requests are served at the same time, each as an exchange of its own (http2_stream.h). What all
// of them have to say leaves in one send a turn of the shard: the cost of HTTP/2 is decided by
// that. Lives in the coroutine that runs it.
//
// What a client may make us hold or do is bounded by http.server.http2 and by the limits of
// wire::Http2Limits; whoever exceeds them is told so (ENHANCE_YOUR_CALM) and let go.

#include <vector>

#include "net/http2_stream.h"
#include "net/server_metrics.h"
#include "runtime/scope.h"
#include "wire/http2_repeated_request.h"

namespace weir::net {

class HttpServer;
class TlsStream;

class Http2Connection final : wire::Http2ServerEvents {
 public:
  struct Client {
    Address address;
    const TlsStream* tls = nullptr;  // nullptr: in clear
    bool verified = false;           // it showed a certificate that we believe
  };
  // All outlive it. `input`: what has been received, from the preface on.
  Http2Connection(HttpServer& server, runtime::Stream& stream, InputBuffer& input,
                  const Client& client);
  ~Http2Connection();
  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;

  // Until the client or we have had enough. True when the client may still have to read why.
  runtime::Task<bool> run();

  // --- for its streams ---
  HttpServer& server() { return server_; }
  runtime::Stream& stream() { return stream_; }
  wire::Http2ServerSession& session() { return session_; }
  Http2RepeatedHead& repeated_head() { return repeated_head_; }
  wire::Http2RepeatedRequest& repeated_request() { return repeated_request_; }
  const Client& client() const { return client_; }
  // The stream has something to hand on, soon.
  void mark(Http2Stream& stream);
  // There is something to send, soon.
  void wake_writer();

 private:
  struct OwnedStreams : List<Http2Stream> {
    ~OwnedStreams() {
      while (Http2Stream* stream = pop_front())
        runtime::StreamCloser()(stream);
    }
  };
  // Suspends until wake_writer().
  struct Idle {
    Http2Connection& connection;
    bool await_ready() const { return std::exchange(connection.write_wanted_, false); }
    void await_suspend(std::coroutine_handle<> writer) { connection.writer_ = writer; }
    void await_resume() const {}
  };

  wire::Http2ServerStream* on_request(uint32_t stream, wire::Http2Block& block,
                                      bool ended) override;
  runtime::Task<> read_all();
  runtime::Task<> write_all();
  runtime::Task<> give_up();
  runtime::Task<> serve(Http2Stream& stream);
  bool feed();
  void start_requests();
  void settle_marked();
  void let_go(Http2Stream& stream);
  void lose_streams();
  void drain();
  void watch();
  void check_head(MonoTime now);
  void check_answers(MonoTime now);
  void check_life(MonoTime now);
  void check_age(MonoTime now);
  Duration watch_interval() const;
  static void on_watch(void* self) { static_cast<Http2Connection*>(self)->watch(); }
  static void on_draining(void* self) { static_cast<Http2Connection*>(self)->drain(); }
  static void on_closing(void* self) { static_cast<Http2Connection*>(self)->end_.request(); }

  HttpServer& server_;
  runtime::Shard& shard_;
  runtime::Stream& stream_;
  InputBuffer& input_;
  const Client client_;
  runtime::Scope tasks_;
  Http2RepeatedHead repeated_head_;
  wire::Http2RepeatedRequest repeated_request_;
  OwnedStreams streams_;
  size_t stream_count_ = 0;
  size_t in_flight_ = 0;              // requests whose handler has not ended
  std::vector<Http2Stream*> opened_;  // to be served behind this read batch
  std::vector<Http2Stream*> marked_;
  std::vector<Http2Stream::Memory> spare_;  // while requests come; at most spare_max
  wire::Http2ServerSession session_;        // goes before the streams that it knows
  runtime::Cancel end_;                     // of reading and writing
  runtime::CancelHook draining_hook_;
  runtime::CancelHook closing_hook_;
  runtime::Timer watch_timer_;
  Buffer out_;
  std::coroutine_handle<> writer_;
  bool write_wanted_ = false;
  bool stopping_ = false;
  bool draining_ = false;
  bool refusing_ = false;
  MonoTime refuse_at_ = never;
  MonoTime idle_since_;
  MonoTime head_since_;  // when the head that is not complete began
  uint64_t frames_seen_ = 0;
  MonoTime heard_at_;           // when anything came last
  MonoTime pinged_at_ = never;  // and nothing has come since
  MonoTime ends_at_;
};

}  // namespace weir::net
