#include "net/origin_client.h"

#include "net/connector.h"
#include "net/tls_stream.h"

namespace weir::net {

using runtime::Task;
using runtime::Wait;

OriginClient::OriginClient(runtime::Shard& shard, OriginSharePtr share, Resolver& resolver,
                           telemetry::Recorder& recorder)
    : shard_(shard),
      share_(std::move(share)),
      metrics_(recorder, share_->authority()),
      dialer_(shard.reactor(), *share_, resolver),
      pool_(shard, share_, dialer_, metrics_),
      budget_(share_->settings().retry.share) {}

Task<Result<std::unique_ptr<OriginExchange>>> OriginClient::open(Wait wait) {
  Breaker& breaker = share_->breaker();
  const Admission admission = breaker.admit(shard_.now());
  if (admission == Admission::refused) {
    metrics_.breaker_refused.add();
    co_return fail(ErrorCode::refused, "the origin has been failing and is left alone for a while");
  }
  budget_.attempted();
  Result<OriginPool::Lease> lease = co_await pool_.acquire(wait);
  if (lease)
    co_return std::make_unique<OriginExchange>(*std::move(lease), admission, metrics_, *share_);
  // A full pool and a caller that leaves say nothing about the origin.
  const ErrorCode code = lease.error().code;
  const bool ours = code == ErrorCode::overloaded || code == ErrorCode::cancelled ||
                    (code == ErrorCode::timed_out && shard_.now() >= wait.until);
  breaker.finish(admission, ours ? OriginOutcome::unknown : OriginOutcome::failure, shard_.now());
  metrics_.breaker_state.set(static_cast<double>(breaker.state(shard_.now())));
  co_return std::unexpected(lease.error());
}

bool OriginClient::may_retry(const FailedAttempt& attempt, uint32_t attempts_made) {
  if (attempts_made >= settings().retry.attempts_max || !is_safe_to_retry(attempt)) return false;
  if (!is_free_retry(attempt) && !budget_.take()) {
    metrics_.retries_refused.add();
    return false;
  }
  metrics_.retries.add();
  return true;
}

Task<Result<runtime::StreamPtr>> OriginClient::OriginDialer::dial(Wait wait) {
  Result<std::vector<Address>> addresses =
      co_await resolver_.resolve(share_.host(), share_.port(), wait);
  if (!addresses) co_return std::unexpected(addresses.error());
  Result<runtime::StreamPtr> stream = co_await connect_any(reactor_, *addresses, wait);
  if (!stream || share_.scheme() == wire::Scheme::http) co_return stream;
  Result<SslPtr> ssl = share_.tls().connection_to(share_.server_name(), &sessions_);
  if (!ssl) co_return std::unexpected(ssl.error());
  stream = co_await tls_handshake(*std::move(stream), *std::move(ssl), wait);
  if (stream && share_.settings().http2 && static_cast<TlsStream&>(**stream).protocol() != "h2")
    co_return fail(ErrorCode::tls, "the server does not speak HTTP/2");
  co_return stream;
}

}  // namespace weir::net
