#pragma once
// Http2Origin: one shard's HTTP/2 connections to one origin, and the requests that wait for room on
// them. A request takes the first connection that has room for one more; a new connection is made,
// one at a time, when none has, within the origin's connections_max, and ends when the origin says
// so (GOAWAY), when it has grown old (http2.age_max), when it gives no sign of life, or when nobody
// has used it for idle_timeout: what is under way on it is finished. Requests wait first come first
// served, in the origin's bounded queue.
//
// Where ALPN may choose and has chosen HTTP/1.1, or the origin has answered that it requires it
// (HTTP_1_1_REQUIRED), that is remembered for a while: wanted() is false.

#include <memory>
#include <variant>

#include "net/client_metrics.h"
#include "net/http2_origin_stream.h"
#include "net/origin_connection.h"
#include "net/origin_dialer.h"

namespace weir::net {

class Http2Origin final : Http2StreamOwner {
 public:
  // All outlive it.
  Http2Origin(runtime::Shard& shard, OriginShare& share, OriginDialer& dialer,
              ClientMetrics& metrics);
  // After stop().
  ~Http2Origin();
  Http2Origin(const Http2Origin&) = delete;
  Http2Origin& operator=(const Http2Origin&) = delete;

  // Whether requests go over HTTP/2, or are to find out whether they can.
  bool wanted() const {
    return share_.http2_offer() != HttpOffer::http1 && shard_.now() >= http1_until_;
  }
  // The origin wants HTTP/1.1. `stream`, where there is one, is a connection that speaks it, and
  // holds a place among the origin's connections.
  struct Http1 {
    runtime::StreamPtr stream;
  };
  using Found = std::variant<OriginConnectionPtr, Http1>;
  // Room for one request: its stream. Errors: overloaded, timed_out, cancelled, and those of
  // connecting.
  runtime::Task<Result<Found>> acquire(runtime::Wait wait);
  // A stream on a connection of its own, beside all bounds: for health checks. May speak HTTP/1.1.
  runtime::Task<Result<runtime::StreamPtr>> dial(runtime::Wait wait);
  // Ends all connections; all streams have been closed.
  runtime::Task<> stop();

 private:
  struct Connection : ListNode<Connection> {
    Connection(runtime::Shard& shard, runtime::StreamPtr stream, const OriginSettings& settings);
    Http2ClientConnection http2;
    uint64_t carried = 0;  // requests so far
  };
  using ConnectionPtr = std::unique_ptr<Connection>;

  // A request that waits for room, or for the right to make a connection.
  struct Waiting : runtime::Waiter {
    using Waiter::Waiter;
    OriginConnectionPtr stream;
    bool may_dial = false;
    bool http1 = false;
    std::optional<Error> failed;
  };

  // How long an origin that wants HTTP/1.1 is taken at its word.
  static constexpr Duration http1_time = minutes(5);
  // How often those who wait look whether there is room that nobody has told them of: a place among
  // the connections of all shards, or a larger bound of the origin.
  static constexpr Duration look_again_time = milliseconds(100);

  // Says how much there is, for choosing among origins.
  void publish() { share_.set_http2(shard_.index(), open_, streams_); }
  void stream_ended() override;
  void stream_refused() override { metrics_.http2_refused.add(); }
  Error http1_required() override;
  runtime::Task<Result<Found>> queue(runtime::Wait wait);
  runtime::Task<Result<Found>> wait_in_queue(runtime::Wait wait);
  runtime::Task<Result<Found>> connect(runtime::Wait wait);
  ConnectionPtr make(runtime::StreamPtr stream);
  runtime::Task<> tend(ConnectionPtr connection);
  runtime::Task<> finish(ConnectionPtr connection);
  Connection* with_room();
  OriginConnectionPtr stream_on(Connection& connection);
  runtime::StreamPtr make_stream(Connection& connection);
  void serve_waiting();
  void fail_waiting(Error why);
  void arm_look();
  static void look(void* self);

  runtime::Shard& shard_;
  OriginShare& share_;
  OriginDialer& dialer_;
  ClientMetrics& metrics_;
  runtime::Scope tending_;
  List<Connection> connections_;  // those that take requests
  List<runtime::Waiter> waiting_;
  runtime::Timer look_timer_;
  uint32_t open_ = 0;     // connections with a place among the origin's
  uint32_t streams_ = 0;  // on all connections
  bool look_armed_ = false;
  bool connecting_ = false;
  MonoTime http1_until_{};
};

}  // namespace weir::net
