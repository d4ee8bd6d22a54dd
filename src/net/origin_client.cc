#include "net/origin_client.h"

namespace weir::net {

using runtime::Task;
using runtime::Wait;

OriginClient::OriginClient(runtime::Shard& shard, OriginSharePtr share, Resolver& resolver,
                           telemetry::Recorder& recorder)
    : shard_(shard),
      share_(std::move(share)),
      metrics_(recorder, share_->authority()),
      dialer_(shard.reactor(), *share_, resolver),
      http1_dialer_(dialer_),
      pool_(shard, share_, http1_dialer_, metrics_),
      http2_(shard, *share_, dialer_, metrics_),
      budget_(share_->settings().retry.share) {}

Task<Result<std::unique_ptr<OriginExchange>>> OriginClient::open(Wait wait, HttpOffer only) {
  Breaker& breaker = share_->breaker();
  const Admission admission = breaker.admit(shard_.now());
  if (admission == Admission::refused) {
    metrics_.breaker_refused.add();
    co_return fail(ErrorCode::breaker_open,
                   "the origin has been failing and is left alone for a while");
  }
  budget_.attempted();
  const bool http2 = http2_.wanted() && only != HttpOffer::http1;
  Result<OriginPool::Lease> lease =
      http2 ? co_await acquire_http2(wait) : co_await pool_.acquire(wait);
  if (lease) co_return std::make_unique<OriginExchange>(*std::move(lease), admission, *share_);
  // A full pool and a caller that leaves say nothing about the origin.
  const ErrorCode code = lease.error().code;
  const bool ours = code == ErrorCode::overloaded || code == ErrorCode::cancelled ||
                    (code == ErrorCode::timed_out && shard_.now() >= wait.until);
  breaker.finish(admission, ours ? OriginOutcome::unknown : OriginOutcome::failure, shard_.now());
  co_return std::unexpected(lease.error());
}

bool OriginClient::may_retry(const FailedAttempt& attempt, uint32_t attempts_made) {
  if (attempts_made >= settings().retry.attempts_max || !is_safe_to_retry(attempt)) return false;
  if (!is_free_retry(attempt) && !budget_.take()) {
    metrics_.retries_refused.add();
    return false;
  }
  return true;
}

void OriginClient::retried(const FailedAttempt& attempt, bool made) {
  if (made && attempt.error != ErrorCode::breaker_open) metrics_.retries.add();
  if (!made && !is_free_retry(attempt)) budget_.give_back();
}

FailedAttempt OriginClient::not_connected(const Error& error) {
  return {.error = error.code, .body_replayable = true};
}

Task<Result<OriginPool::Lease>> OriginClient::acquire_http2(Wait wait) {
  Result<Http2Origin::Found> found = co_await http2_.acquire(wait);
  if (!found) co_return std::unexpected(found.error());
  if (auto* stream = std::get_if<OriginConnectionPtr>(&*found))
    co_return OriginPool::Lease(std::move(*stream));
  runtime::StreamPtr plain = std::move(std::get<Http2Origin::Http1>(*found).stream);
  if (plain) co_return pool_.lease_of(std::move(plain));
  co_return co_await pool_.acquire(wait);
}

Task<Result<runtime::StreamPtr>> OriginClient::dial(Wait wait) {
  return http2_.wanted() ? http2_.dial(wait) : http1_dialer_.dial(wait);
}

Task<> OriginClient::stop() {
  co_await http2_.stop();
  co_await pool_.stop();
}

Task<Result<runtime::StreamPtr>> OriginClient::PlainDialer::dial(Wait wait) {
  WEIR_CO_TRY(Dialed dialed, co_await dialer_.dial(HttpOffer::http1, wait));
  co_return std::move(dialed.stream);
}

}  // namespace weir::net
