#pragma once
// OriginPool: one shard's connections to one origin. Idle ones are kept last in, first out, so that
// the surplus grows old and is closed; the count of all shards together is bounded by
// connections_max (origin_share.h). A shard without an idle connection asks the shard whose oldest
// has been idle for a while: descriptors move by mail. Connections are opened only when that gave
// none, and when there is no room for one more, requests wait, first come first served, in a
// bounded queue; whatever becomes free on any shard goes to those who wait.

#include "base/list.h"
#include "net/client_metrics.h"
#include "net/origin_connection.h"
#include "net/origin_share.h"
#include "runtime/shard.h"

namespace weir::net {

// Makes connections to one origin.
class Dialer {
 public:
  virtual ~Dialer() = default;
  virtual runtime::Task<Result<runtime::StreamPtr>> dial(runtime::Wait wait) = 0;
};

class OriginPool {
 public:
  // The use of one connection for one request. Gives it back when it dies: to the pool if it was
  // marked reusable, and otherwise closed. Move-only.
  class Lease {
   public:
    Lease() = default;
    // Of a stream of HTTP/2 (http2_origin.h), which no pool takes back.
    explicit Lease(OriginConnectionPtr connection) : connection_(std::move(connection)) {}
    Lease(OriginPool& pool, OriginConnectionPtr connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&& other) noexcept {
      give_back();
      pool_ = other.pool_;
      connection_ = std::move(other.connection_);
      reusable_ = std::exchange(other.reusable_, false);
      return *this;
    }
    ~Lease() { give_back(); }

    explicit operator bool() const { return connection_ != nullptr; }
    OriginConnection& connection() { return *connection_; }
    runtime::Stream& stream() { return *connection_->stream; }
    InputBuffer& input() { return connection_->input; }
    // What is spoken is HTTP/2.
    bool http2() const { return pool_ == nullptr; }
    // Whether it has carried a request before this one.
    bool reused() const { return connection_->requests > 0; }
    // The next request may use it: the response was read to its end and nothing is under way.
    void mark_reusable() { reusable_ = true; }

   private:
    void give_back() {
      if (connection_ && pool_) pool_->take_back(std::move(connection_), reusable_);
      connection_.reset();
    }

    OriginPool* pool_ = nullptr;
    OriginConnectionPtr connection_;
    bool reusable_ = false;
  };

  OriginPool(runtime::Shard& shard, OriginSharePtr share, Dialer& dialer, ClientMetrics& metrics);
  // After stop().
  ~OriginPool();
  OriginPool(const OriginPool&) = delete;
  OriginPool& operator=(const OriginPool&) = delete;

  // An idle connection, or one made now. Errors: overloaded (too many wait already), timed_out,
  // cancelled, and those of connecting.
  runtime::Task<Result<Lease>> acquire(runtime::Wait wait);
  // The use of a connection that was made elsewhere, has its place among the origin's connections,
  // and is counted as open.
  Lease lease_of(runtime::StreamPtr stream);
  // Closes what is idle; nothing is kept or lent any more. All leases must have been given back.
  runtime::Task<> stop();

  size_t idle_count() const { return idle_count_; }
  OriginShare& share() { return *share_; }

  // Mail from other shards; not for use elsewhere.
  void lend(size_t to, uint64_t ticket);
  void receive(int fd, std::unique_ptr<runtime::StreamLayer> layer, uint64_t requests);
  void nothing_lent(uint64_t ticket);
  void use_free_slots();

 private:
  // A request that waits: for a connection, or for the right to open one.
  struct Waiting : runtime::Waiter {
    using Waiter::Waiter;
    uint64_t ticket = 0;    // of what it asked another shard for; 0: did not ask
    bool may_open = false;  // it opens one when nothing is lent
    OriginConnectionPtr connection;
    bool slot = false;
  };

  // How long a connection is idle before others may ask for it: long enough that a shard under load
  // keeps what it will need in a moment, since a hop costs more than it saves.
  static constexpr Duration warm_time = milliseconds(50);
  // How long a shard may take to answer whether it lends.
  static constexpr Duration lending_time = milliseconds(10);
  static constexpr Duration sweep_time = milliseconds(500);

  runtime::Task<Result<Lease>> borrow(size_t from, runtime::Wait wait);
  runtime::Task<Result<Lease>> queue(runtime::Wait wait);
  runtime::Task<Result<Lease>> wait_in_queue(runtime::Wait wait);
  runtime::Task<Result<Lease>> open(runtime::Wait wait);
  runtime::Task<> hand_over(OriginConnectionPtr connection, size_t to, uint64_t ticket);
  bool ask(size_t from, uint64_t ticket);
  void answer_nothing(size_t to, uint64_t ticket);
  void take_back(OriginConnectionPtr connection, bool reusable);
  void place(OriginConnectionPtr connection);
  bool has_room() const;
  OriginConnectionPtr take_idle();
  OriginConnectionPtr take_oldest();
  OriginConnectionPtr unlink(OriginConnection& connection);
  void publish_idle();
  bool is_usable(OriginConnection& connection);
  void drop(OriginConnectionPtr connection);
  void slot_is_free();
  Waiting* first_waiting() { return static_cast<Waiting*>(waiting_.front()); }
  MonoTime now() const { return shard_.now(); }
  void arm_sweep();
  static void sweep(void* self);

  runtime::Shard& shard_;
  OriginSharePtr share_;
  Dialer& dialer_;
  ClientMetrics& metrics_;
  runtime::Scope handing_over_;
  List<OriginConnection> idle_;  // last used first; owns its nodes
  size_t idle_count_ = 0;
  List<runtime::Waiter> waiting_;
  uint64_t tickets_ = 0;
  size_t leases_ = 0;
  runtime::Timer sweep_timer_;
  bool sweep_armed_ = false;
  bool stopped_ = false;
};

}  // namespace weir::net
