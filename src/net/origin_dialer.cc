#include "net/origin_dialer.h"

#include "net/connector.h"
#include "net/tls_stream.h"

namespace weir::net {

using runtime::Task;
using runtime::Wait;

Task<Result<Dialed>> OriginDialer::dial(HttpOffer offer, Wait wait) {
  Result<std::vector<Address>> addresses =
      co_await resolver_.resolve(share_.host(), share_.port(), wait);
  if (!addresses) co_return std::unexpected(addresses.error());
  WEIR_CO_TRY(runtime::StreamPtr stream, co_await connect_any(reactor_, *addresses, wait));
  if (share_.scheme() == wire::Scheme::http)
    co_return Dialed{std::move(stream), offer == HttpOffer::http2};
  Result<SslPtr> ssl = share_.tls().connection_to(share_.server_name(), &sessions_, offer);
  if (!ssl) co_return std::unexpected(ssl.error());
  WEIR_CO_TRY(stream, co_await tls_handshake(std::move(stream), *std::move(ssl), wait));
  const bool http2 = static_cast<TlsStream&>(*stream).protocol() == "h2";
  if (offer == HttpOffer::http2 && !http2)
    co_return fail(ErrorCode::tls, "the server does not speak HTTP/2");
  co_return Dialed{std::move(stream), http2};
}

}  // namespace weir::net
