#pragma once
// ShardLoad: one shard's part of a load: its connections, and the clock that says when requests are
// due. Lives in the shard's main coroutine.
//
// Open loop: a request that is due goes to the connection that has been idle longest; when none is
// idle it waits in the backlog, and its latency counts from when it was due all the same (no
// coordinated omission). The clock is a timerfd, since the shard's own timers are a millisecond
// coarse; requests that fall due within 50 us of each other go out together.
// Closed loop: every connection sends its next request as soon as the last one is answered.

#include <array>
#include <coroutine>

#include "load/arrivals.h"
#include "load/backlog.h"
#include "load/load_counts.h"
#include "load/load_options.h"
#include "net/body_reader.h"
#include "runtime/shard.h"
#include "wire/http1_response.h"

namespace weir::load {

// What all shards of a run share.
struct LoadRun {
  explicit LoadRun(const LoadOptions& the_options) : options(the_options) {}

  const LoadOptions& options;
  std::atomic<uint32_t> shards_ready{0};       // have tried to open their connections
  std::atomic<uint32_t> connections_ready{0};  // that they opened
  std::atomic<const char*> connect_problem{nullptr};
  std::atomic<int> connect_errno{0};
  std::atomic<int64_t> start_ns{0};  // on the monotonic clock; 0: not yet; below: never
};

class ShardLoad {
 public:
  ShardLoad(runtime::Shard& shard, LoadRun& run, LoadCounts& counts);
  ~ShardLoad();
  ShardLoad(const ShardLoad&) = delete;
  ShardLoad& operator=(const ShardLoad&) = delete;

  // Connects, waits for the start, sends until the time is over or the shard drains, and then waits
  // for what is under way.
  runtime::Task<> run();

 private:
  // One connection, and where it waits for a request to carry.
  struct Connection : ListNode<Connection> {
    runtime::StreamPtr stream;
    net::InputBuffer input;
    std::coroutine_handle<> parked;
    MonoTime due = never;

    // Whether it can carry a request: open, and nothing has come that nobody asked for.
    bool usable() const { return stream && stream->quiet() && input.empty(); }
    void close() {
      stream.reset();
      input = {};
    }
  };
  // Waits for the next request; false when there is none any more.
  struct NextRequest {
    ShardLoad& load;
    Connection& connection;
    bool await_ready();
    void await_suspend(std::coroutine_handle<> caller);
    bool await_resume() const { return connection.due != never; }
  };
  struct Outcome {
    uint16_t status = 0;  // 0: it failed
    Failure failure = Failure::other;
    bool keep_alive = false;
  };
  // Of an answer's head, what outlives its bytes.
  struct Head {
    uint16_t status = 0;
    bool keep_alive = false;
    wire::BodyFraming framing;
  };

  runtime::Task<> open_all();
  runtime::Task<> open_some(size_t& next);
  runtime::Task<bool> wait_for_start();
  runtime::Task<> pace();
  runtime::Task<> carry(Connection& connection);
  runtime::Task<Outcome> exchange(Connection& connection);
  runtime::Task<Result<Head>> receive_head(Connection& connection, runtime::Wait wait);
  runtime::Task<Result<>> receive_body(Connection& connection, wire::BodyFraming framing,
                                       runtime::Wait wait);
  runtime::Task<Result<>> receive_more(Connection& connection, runtime::Wait wait);
  runtime::Task<bool> connect(Connection& connection, MonoTime until);

  bool take_due(Connection& connection);
  bool take_from_backlog(Connection& connection);
  bool may_issue() const { return requests_left_ > 0 && !shard_.draining().requested(); }
  void issue(MonoTime due, MonoTime now);
  void issue_all_due(MonoTime now);
  void stop_issuing();
  bool measured(MonoTime due) const { return due >= measure_from_; }
  void record(MonoTime due, const Outcome& outcome);
  void fail_request(MonoTime due, Failure failure);
  void set_alarm(MonoTime when);

  runtime::Shard& shard_;
  runtime::Reactor& reactor_;
  LoadRun& run_;
  const LoadOptions& options_;
  LoadCounts& counts_;
  std::vector<Connection> connections_;
  std::array<wire::Field, 128> fields_;
  wire::ResponseHead head_{std::span<wire::Field>(fields_)};  // for one parse at a time
  List<Connection> idle_;
  Backlog backlog_;
  std::optional<Arrivals> arrivals_;
  std::optional<Duration> next_arrival_;
  runtime::Scope carriers_;
  uint64_t requests_left_;
  MonoTime start_ = never;
  MonoTime measure_from_ = never;
  MonoTime end_ = never;
  bool issuing_ = false;
  int alarm_fd_ = -1;
};

}  // namespace weir::load
