#include "net/origin_pool.h"

#include "net/bounded_wait.h"

namespace weir::net {

using runtime::Task;
using runtime::Wait;

OriginPool::OriginPool(runtime::Shard& shard, OriginSharePtr share, Dialer& dialer,
                       ClientMetrics& metrics)
    : shard_(shard),
      share_(std::move(share)),
      dialer_(dialer),
      metrics_(metrics),
      handing_over_(shard.reactor()),
      sweep_timer_(sweep, this) {
  share_->set_reactor(shard_.index(), shard_.reactor());
  share_->set_pool(shard_.index(), this);
}

OriginPool::~OriginPool() {
  WEIR_ASSERT(leases_ == 0 && idle_.empty());
}

Task<Result<OriginPool::Lease>> OriginPool::acquire(Wait wait) {
  if (OriginConnectionPtr idle = take_idle()) {
    metrics_.reused.add();
    ++leases_;
    co_return Lease(*this, std::move(idle));
  }
  const size_t lender = share_->idle_shard(shard_.index(), now() - warm_time);
  if (lender != OriginShare::none) co_return co_await borrow(lender, wait);
  if (share_->take_slot()) co_return co_await open(wait);
  co_return co_await queue(wait);
}

Task<Result<OriginPool::Lease>> OriginPool::borrow(size_t from, Wait wait) {
  Waiting waiting(shard_.reactor(), bounded(wait, now(), lending_time));
  waiting.ticket = ++tickets_;
  waiting.may_open = true;
  if (ask(from, waiting.ticket)) {
    waiting_.push_back(waiting);
    const Result<> woken = co_await waiting;
    if (!woken && woken.error().code == ErrorCode::cancelled)
      co_return std::unexpected(woken.error());
  }
  // One that came back to this shard in the meantime will do as well.
  if (!waiting.connection && !waiting.slot) waiting.connection = take_idle();
  if (waiting.connection) {
    metrics_.reused.add();
    ++leases_;
    co_return Lease(*this, std::move(waiting.connection));
  }
  if (waiting.slot || share_->take_slot()) co_return co_await open(wait);
  co_return co_await queue(wait);
}

Task<Result<OriginPool::Lease>> OriginPool::queue(Wait wait) {
  const size_t self = shard_.index();
  if (!share_->add_waiting(self)) {
    metrics_.waiting_refused.add();
    co_return fail(ErrorCode::overloaded, "too many requests wait for a connection to the origin");
  }
  metrics_.waiting.add();
  Result<Lease> lease =
      co_await wait_in_queue(bounded(wait, now(), share_->settings().waiting_timeout));
  metrics_.waiting.subtract();
  share_->remove_waiting(self);
  co_return lease;
}

Task<Result<OriginPool::Lease>> OriginPool::wait_in_queue(Wait wait) {
  // Something may have become free before others could see that we wait.
  if (share_->take_slot()) co_return co_await open(wait);
  Waiting waiting(shard_.reactor(), wait);
  const size_t lender = share_->idle_shard(shard_.index(), never);
  if (lender != OriginShare::none) ask(lender, 0);
  waiting_.push_back(waiting);
  arm_sweep();
  const Result<> woken = co_await waiting;
  if (waiting.slot) co_return co_await open(wait);
  if (waiting.connection) {
    metrics_.reused.add();
    ++leases_;
    co_return Lease(*this, std::move(waiting.connection));
  }
  metrics_.waiting_refused.add();
  if (woken.error().code == ErrorCode::timed_out)
    co_return fail(ErrorCode::overloaded, "no connection to the origin became free in time");
  co_return std::unexpected(woken.error());
}

Task<Result<OriginPool::Lease>> OriginPool::open(Wait wait) {
  Result<runtime::StreamPtr> stream =
      co_await dialer_.dial(bounded(wait, now(), share_->settings().connect_timeout));
  if (!stream) {
    metrics_.connect_failed(stream.error().code).add();
    slot_is_free();
    co_return std::unexpected(stream.error());
  }
  metrics_.opened.add();
  metrics_.open.add();
  co_return lease_of(*std::move(stream));
}

OriginPool::Lease OriginPool::lease_of(runtime::StreamPtr stream) {
  ++leases_;
  return Lease(*this, std::make_unique<OriginConnection>(std::move(stream), 0));
}

void OriginPool::take_back(OriginConnectionPtr connection, bool reusable) {
  --leases_;
  ++connection->requests;
  if (!reusable || !connection->input.empty()) return drop(std::move(connection));
  connection->idle_since = now();
  place(std::move(connection));
}

void OriginPool::place(OriginConnectionPtr connection) {
  if (stopped_ || !is_usable(*connection)) return drop(std::move(connection));
  if (Waiting* waiting = first_waiting()) {
    waiting->connection = std::move(connection);
    return waiting->wake();
  }
  connection->stream->keep_watch();
  idle_.push_front(*connection.release());
  ++idle_count_;
  metrics_.idle.add();
  publish_idle();
  arm_sweep();
  // Only now, when others can see that it is idle: whoever began to wait before is seen here, and
  // whoever begins later sees the connection.
  if (share_->anyone_waits()) {
    const size_t other = share_->waiting_shard(shard_.index());
    if (other != OriginShare::none) lend(other, 0);
  }
  if (idle_count_ > 0 && !has_room()) drop(take_oldest());
}

bool OriginPool::has_room() const {
  // The sum reads what the other shards write, so it is looked at only past one's own part.
  const uint32_t most = share_->settings().idle_max;
  return idle_count_ * shard_.shard_count() <= most || share_->idle_count() <= most;
}

OriginConnectionPtr OriginPool::take_idle() {
  while (OriginConnection* front = idle_.front()) {
    OriginConnectionPtr connection = unlink(*front);
    if (is_usable(*connection)) return connection;
    drop(std::move(connection));
  }
  return nullptr;
}

OriginConnectionPtr OriginPool::take_oldest() {
  OriginConnection* oldest = idle_.back();
  return oldest ? unlink(*oldest) : nullptr;
}

OriginConnectionPtr OriginPool::unlink(OriginConnection& connection) {
  connection.unlink();
  --idle_count_;
  metrics_.idle.subtract();
  publish_idle();
  return OriginConnectionPtr(&connection);
}

void OriginPool::publish_idle() {
  share_->set_idle_count(shard_.index(), static_cast<uint32_t>(idle_count_));
  const OriginConnection* oldest = idle_.back();
  share_->set_oldest_idle(shard_.index(), oldest ? oldest->idle_since : never);
}

bool OriginPool::is_usable(OriginConnection& connection) {
  if (!connection.stream->quiet()) {
    metrics_.lost.add();
    return false;
  }
  return now() - connection.idle_since < share_->settings().idle_timeout;
}

void OriginPool::drop(OriginConnectionPtr connection) {
  connection.reset();
  metrics_.open.subtract();
  slot_is_free();
}

void OriginPool::slot_is_free() {
  if (Waiting* waiting = first_waiting()) {
    waiting->slot = true;
    return waiting->wake();
  }
  share_->give_slot();
  if (!share_->anyone_waits()) return;
  const size_t other = share_->waiting_shard(shard_.index());
  if (other == OriginShare::none) return;
  // Where the mail is full, the other's sweep finds the slot.
  (void)shard_.post(other, [share = share_, other] {
    if (OriginPool* pool = share->pool(other)) pool->use_free_slots();
  });
}

void OriginPool::use_free_slots() {
  while (!waiting_.empty() && share_->take_slot()) {
    Waiting* waiting = first_waiting();
    waiting->slot = true;
    waiting->wake();
  }
}

bool OriginPool::ask(size_t from, uint64_t ticket) {
  return shard_.post(from, [share = share_, from, to = shard_.index(), ticket] {
    if (OriginPool* pool = share->pool(from)) pool->lend(to, ticket);
  });
}

void OriginPool::lend(size_t to, uint64_t ticket) {
  OriginConnectionPtr oldest = take_oldest();
  if (!oldest) return answer_nothing(to, ticket);
  if (!is_usable(*oldest)) {
    drop(std::move(oldest));
    return answer_nothing(to, ticket);
  }
  handing_over_.spawn(hand_over(std::move(oldest), to, ticket));
}

Task<> OriginPool::hand_over(OriginConnectionPtr connection, size_t to, uint64_t ticket) {
  const int fd = co_await connection->stream->detach();
  const uint64_t requests = connection->requests;
  // What cannot move makes room instead.
  if (fd < 0) {
    drop(std::move(connection));
    answer_nothing(to, ticket);
    co_return;
  }
  std::unique_ptr<runtime::StreamLayer> layer = connection->stream->take_layer();
  connection.reset();
  const bool posted = shard_.post(to, [share = share_, layer = std::move(layer), to, fd,
                                       requests = static_cast<uint32_t>(requests)]() mutable {
    if (OriginPool* pool = share->pool(to)) return pool->receive(fd, std::move(layer), requests);
    share->reactor(to).adopt(fd).reset();  // which closes it
    share->give_slot();
  });
  metrics_.open.subtract();
  if (posted) co_return;
  shard_.reactor().adopt(fd).reset();
  slot_is_free();
}

void OriginPool::receive(int fd, std::unique_ptr<runtime::StreamLayer> layer, uint64_t requests) {
  metrics_.handed_over.add();
  metrics_.open.add();
  runtime::StreamPtr stream = shard_.reactor().adopt(fd);
  if (layer) stream = layer->over(std::move(stream));
  auto connection = std::make_unique<OriginConnection>(std::move(stream), requests);
  connection->idle_since = now();
  place(std::move(connection));
}

void OriginPool::answer_nothing(size_t to, uint64_t ticket) {
  if (ticket == 0) return;
  // Where the mail is full, the asker's patience ends by itself.
  (void)shard_.post(to, [share = share_, to, ticket] {
    if (OriginPool* pool = share->pool(to)) pool->nothing_lent(ticket);
  });
}

void OriginPool::nothing_lent(uint64_t ticket) {
  for (runtime::Waiter* node = waiting_.front(); node; node = waiting_.next(*node)) {
    auto* waiting = static_cast<Waiting*>(node);
    if (waiting->ticket == ticket) return waiting->wake();
  }
}

void OriginPool::arm_sweep() {
  if (sweep_armed_) return;
  sweep_armed_ = true;
  shard_.reactor().timers().arm(sweep_timer_, after(now(), sweep_time));
}

void OriginPool::sweep(void* self) {
  OriginPool& pool = *static_cast<OriginPool*>(self);
  pool.sweep_armed_ = false;
  OriginConnection* next = nullptr;
  for (OriginConnection* at = pool.idle_.front(); at; at = next) {
    next = pool.idle_.next(*at);
    if (!pool.is_usable(*at)) pool.drop(pool.unlink(*at));
  }
  pool.use_free_slots();
  if (!pool.idle_.empty() || !pool.waiting_.empty()) pool.arm_sweep();
}

Task<> OriginPool::stop() {
  stopped_ = true;
  while (OriginConnectionPtr idle = take_oldest())
    drop(std::move(idle));
  co_await handing_over_.join();
  sweep_timer_.disarm();
  share_->set_pool(shard_.index(), nullptr);
}

}  // namespace weir::net
