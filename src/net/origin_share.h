#pragma once
// OriginShare: what the shards of a process know of one origin together: its settings, how many
// connections there are, where idle ones lie, who waits, the breaker, and the health. Atomics
// only. Made by the main thread before the shards' pools; held by them, and by mail between them,
// so that it outlives both.

#include <atomic>
#include <memory>
#include <string>

#include "net/breaker.h"
#include "net/origin_settings.h"
#include "net/tls_context.h"

namespace weir::runtime {
class Reactor;
}

namespace weir::net {

class OriginPool;

class OriginShare;
// Held by the configuration, the shards' pools, and mail between them; whichever is last after a
// reload cannot be told beforehand, and none of it is on a request's way.
using OriginSharePtr = std::shared_ptr<OriginShare>;  // allow(shared-ptr): see above

class OriginShare {
 public:
  // Errors: invalid (the URL is not one), tls (the authorities cannot be read).
  static Result<OriginSharePtr> make(OriginSettings settings, size_t shards);
  ~OriginShare();
  OriginShare(const OriginShare&) = delete;
  OriginShare& operator=(const OriginShare&) = delete;

  const OriginSettings& settings() const { return settings_; }
  wire::Scheme scheme() const { return scheme_; }
  // Without brackets and port, as resolvers want it; and as Host wants it.
  const std::string& host() const { return host_; }
  const std::string& authority() const { return authority_; }
  uint16_t port() const { return port_; }
  // For SNI and the certificate.
  const std::string& server_name() const { return server_name_; }
  // Of an https origin.
  const TlsContext& tls() const { return *tls_; }
  // As the settings say; `http1`: there is nothing to ask the origin about HTTP/2.
  HttpOffer http2_offer() const;
  Breaker& breaker() { return breaker_; }
  // As the health checks say; true without any.
  bool healthy() const { return healthy_.load(std::memory_order_relaxed); }
  void set_healthy(bool healthy) { healthy_.store(healthy, std::memory_order_relaxed); }

  // The right to have one more connection; false at connections_max. Each is given back once.
  bool take_slot();
  void give_slot() { connections_.fetch_sub(1); }
  uint32_t connections() const { return connections_.load(std::memory_order_relaxed); }

  // One more request that waits, on `shard`; false at waiting_max.
  bool add_waiting(size_t shard);
  void remove_waiting(size_t shard);
  bool anyone_waits() const { return waiting_.load() > 0; }

  // A shard other than `shard`; `none` when there is none.
  static constexpr size_t none = SIZE_MAX;
  // ... where requests wait.
  size_t waiting_shard(size_t shard) const;
  // ... with a connection that has been idle since `before` or longer: the longest.
  size_t idle_shard(size_t shard, MonoTime before) const;
  // Said by each shard of itself: since when its oldest idle connection is; `never`: there is none.
  void set_oldest_idle(size_t shard, MonoTime since) { at(shard).oldest_idle.store(nanos(since)); }
  void set_idle_count(size_t shard, uint32_t count) {
    at(shard).idle.store(count, std::memory_order_relaxed);
  }
  uint32_t idle_count() const;
  // ... how many connections of HTTP/2 it has, and requests on them.
  void set_http2(size_t shard, uint32_t connections, uint32_t requests) {
    at(shard).http2_connections.store(connections, std::memory_order_relaxed);
    at(shard).http2_requests.store(requests, std::memory_order_relaxed);
  }
  // How many requests the origin works on, about: those on its connections of HTTP/2, and one for
  // each other connection that is not idle.
  uint32_t busy() const;

  // A shard's pool, for mail that has arrived on that shard; nullptr when it has stopped.
  OriginPool* pool(size_t shard) const { return at(shard).pool.load(std::memory_order_relaxed); }
  void set_pool(size_t shard, OriginPool* pool) {
    at(shard).pool.store(pool, std::memory_order_relaxed);
  }
  // That of a shard which has, or had, a pool; for mail as well.
  runtime::Reactor& reactor(size_t shard) const {
    return *at(shard).reactor.load(std::memory_order_relaxed);
  }
  void set_reactor(size_t shard, runtime::Reactor& reactor) {
    at(shard).reactor.store(&reactor, std::memory_order_relaxed);
  }

 private:
  struct alignas(64) PerShard {
    std::atomic<int64_t> oldest_idle{nanos(never)};
    std::atomic<uint32_t> idle{0};
    std::atomic<uint32_t> waiting{0};
    std::atomic<uint32_t> http2_connections{0};
    std::atomic<uint32_t> http2_requests{0};
    std::atomic<OriginPool*> pool{nullptr};
    std::atomic<runtime::Reactor*> reactor{nullptr};
  };

  OriginShare(OriginSettings settings, const wire::Url& url, size_t shards);
  PerShard& at(size_t shard) const { return shards_[shard]; }

  const OriginSettings settings_;
  wire::Scheme scheme_;
  uint16_t port_;
  std::string host_;
  std::string authority_;
  std::string server_name_;
  const size_t shard_count_;
  std::unique_ptr<PerShard[]> shards_;
  std::unique_ptr<TlsContext> tls_;
  Breaker breaker_;
  std::atomic<bool> healthy_{true};
  alignas(64) std::atomic<uint32_t> connections_{0};
  alignas(64) std::atomic<uint32_t> waiting_{0};
};

}  // namespace weir::net
