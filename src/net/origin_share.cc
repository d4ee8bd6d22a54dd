#include "net/origin_share.h"

namespace weir::net {

Result<OriginSharePtr> OriginShare::make(OriginSettings settings, size_t shards) {
  if (!is_origin_url(settings.url))
    return fail(ErrorCode::invalid, "an origin is http://HOST[:PORT] or https://HOST[:PORT]");
  const std::string text = settings.url;
  const wire::Url url = *wire::parse_url(text);
  std::unique_ptr<TlsContext> tls;
  if (url.scheme == wire::Scheme::https) {
    WEIR_TRY(tls, TlsContext::client(settings.tls));
  }
  OriginSharePtr share(new OriginShare(std::move(settings), url, shards));
  share->tls_ = std::move(tls);
  return share;
}

OriginShare::OriginShare(OriginSettings settings, const wire::Url& url, size_t shards)
    : settings_(std::move(settings)),
      scheme_(url.scheme),
      port_(url.port()),
      host_(url.authority.address()),
      authority_(url.authority.text),
      server_name_(settings_.tls.server_name.empty() ? host_ : settings_.tls.server_name),
      shard_count_(shards),
      shards_(new PerShard[shards]),
      breaker_(settings_.breaker) {}

OriginShare::~OriginShare() = default;

HttpOffer OriginShare::http2_offer() const {
  switch (settings_.http2.use) {
    case Http2Use::off:
      break;
    case Http2Use::on:
      return HttpOffer::http2;
    case Http2Use::automatic:
      return scheme_ == wire::Scheme::https ? HttpOffer::either : HttpOffer::http1;
  }
  return HttpOffer::http1;
}

bool OriginShare::take_slot() {
  // A shard that gives a slot back looks for who waits; whoever waits has said so before it looks
  // here. Sequentially consistent on both sides, so one of them sees the other.
  uint32_t count = connections_.load();
  while (count < settings_.connections_max)
    if (connections_.compare_exchange_weak(count, count + 1)) return true;
  return false;
}

bool OriginShare::add_waiting(size_t shard) {
  if (waiting_.fetch_add(1) >= settings_.waiting_max) {
    waiting_.fetch_sub(1);
    return false;
  }
  at(shard).waiting.fetch_add(1);
  return true;
}

void OriginShare::remove_waiting(size_t shard) {
  at(shard).waiting.fetch_sub(1);
  waiting_.fetch_sub(1);
}

size_t OriginShare::waiting_shard(size_t shard) const {
  // Starts behind oneself, so that nobody is always last.
  for (size_t i = 1; i < shard_count_; ++i) {
    const size_t other = (shard + i) % shard_count_;
    if (at(other).waiting.load() > 0) return other;
  }
  return none;
}

size_t OriginShare::idle_shard(size_t shard, MonoTime before) const {
  size_t best = none;
  int64_t oldest = nanos(before);
  for (size_t i = 1; i < shard_count_; ++i) {
    const size_t other = (shard + i) % shard_count_;
    const int64_t since = at(other).oldest_idle.load();
    if (since > oldest || since == nanos(never)) continue;
    oldest = since;
    best = other;
  }
  return best;
}

uint32_t OriginShare::idle_count() const {
  uint32_t sum = 0;
  for (size_t i = 0; i < shard_count_; ++i)
    sum += at(i).idle.load(std::memory_order_relaxed);
  return sum;
}

uint32_t OriginShare::busy() const {
  uint32_t http2_connections = 0, http2_requests = 0;
  for (size_t i = 0; i < shard_count_; ++i) {
    http2_connections += at(i).http2_connections.load(std::memory_order_relaxed);
    http2_requests += at(i).http2_requests.load(std::memory_order_relaxed);
  }
  // The counts are not of one moment.
  const uint32_t all = connections();
  const uint32_t others = idle_count() + http2_connections;
  return http2_requests + (all > others ? all - others : 0);
}

}  // namespace weir::net
