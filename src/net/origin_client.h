#pragma once
// OriginClient: one origin, as one shard talks to it: breaker, pool, look-up, connection and TLS
// behind open(). Made on its shard; stop() before it dies.
//
//   auto exchange = co_await client.open(wait);
//   if (!exchange) { if (client.may_retry(client.not_connected(exchange.error()), attempts)) ... }
//
// What comes of an exchange is reported to the breaker by the exchange itself.

#include "net/exchange.h"
#include "net/http2_origin.h"

namespace weir::net {

class OriginClient {
 public:
  // The references outlive it.
  OriginClient(runtime::Shard& shard, OriginSharePtr share, Resolver& resolver,
               telemetry::Recorder& recorder);

  // A connection for one request, or room for it on one of HTTP/2, where the origin's settings want
  // that and `only` does not forbid it. Errors: breaker_open, refused, overloaded, timed_out,
  // cancelled, unreachable, dns, not_found, tls, reset.
  runtime::Task<Result<std::unique_ptr<OriginExchange>>> open(runtime::Wait wait,
                                                              HttpOffer only = HttpOffer::either);

  // A connection for one request beside the pool and the breaker, for health checks: HTTP/1.1 is
  // written and read, whatever the origin speaks.
  runtime::Task<Result<runtime::StreamPtr>> dial(runtime::Wait wait);
  // A connection beside everything, to be spoken on as was offered and chosen.
  runtime::Task<Result<Dialed>> connect(runtime::Wait wait, HttpOffer offer) {
    return dialer_.dial(offer, wait);
  }

  // Whether a request that failed may be sent again: it is safe, `attempts_made` allows it, and the
  // budget does, which then is one retry poorer. To go elsewhere from an origin that is left alone
  // is no retry: that was no attempt.
  bool may_retry(const FailedAttempt& attempt, uint32_t attempts_made);
  // What became of what may_retry() allowed: it was `made`, or a breaker kept it from where it
  // went, so that it takes nothing from the budget.
  void retried(const FailedAttempt& attempt, bool made);
  // What open() failed with; a request whose body has not been touched is replayable.
  static FailedAttempt not_connected(const Error& error);

  // Ends what is idle; all exchanges have ended.
  runtime::Task<> stop();

  const OriginSettings& settings() const { return share_->settings(); }
  const OriginShare& share() const { return *share_; }
  // "host" or "host:port", as Host wants it.
  const std::string& authority() const { return share_->authority(); }
  OriginPool& pool() { return pool_; }
  ClientMetrics& metrics() { return metrics_; }

 private:
  class PlainDialer final : public Dialer {
   public:
    explicit PlainDialer(OriginDialer& dialer) : dialer_(dialer) {}
    runtime::Task<Result<runtime::StreamPtr>> dial(runtime::Wait wait) override;

   private:
    OriginDialer& dialer_;
  };

  runtime::Task<Result<OriginPool::Lease>> acquire_http2(runtime::Wait wait);

  runtime::Shard& shard_;
  OriginSharePtr share_;
  ClientMetrics metrics_;
  OriginDialer dialer_;
  PlainDialer http1_dialer_;
  OriginPool pool_;
  Http2Origin http2_;
  RetryBudget budget_;
};

}  // namespace weir::net
