#pragma once
// For tests of the client side with TLS: scripts of origins that speak it, and clients that believe
// them.

#include "net/client_test_kit.h"
#include "net/tls_stream.h"
#include "net/tls_test_kit.h"

namespace weir::net::test {

inline Task<Result<runtime::StreamPtr>> accept_tls(runtime::StreamPtr& raw,
                                                   const TlsContext& context) {
  Result<SslPtr> ssl = context.connection_from_client();
  const Wait wait = in_time(raw->reactor());
  co_return co_await tls_handshake(std::move(raw), *std::move(ssl), wait);
}

inline Task<> tls_hello(runtime::StreamPtr& raw, const TlsContext& context) {
  Result<runtime::StreamPtr> stream = co_await accept_tls(raw, context);
  if (stream) co_await hello_script(*stream, 0);
}

inline void trust_test_authority(OriginSettings& settings) {
  settings.url.replace(0, 4, "https");
  settings.tls.ca_file = test_authority().ca_file;
}

}  // namespace weir::net::test
