#pragma once
// OriginDialer: makes connections to one origin for one shard: look-up, TCP, TLS, and the choice of
// HTTP's version with it. Keeps the last TLS session, to be resumed.

#include "net/origin_share.h"
#include "net/resolver.h"
#include "runtime/reactor.h"

namespace weir::net {

struct Dialed {
  runtime::StreamPtr stream;
  bool http2 = false;  // it speaks HTTP/2, by ALPN or because the offer left no choice
};

class OriginDialer {
 public:
  // All outlive it.
  OriginDialer(runtime::Reactor& reactor, const OriginShare& share, Resolver& resolver)
      : reactor_(reactor), share_(share), resolver_(resolver) {}

  // In clear there is no choice: `either` is HTTP/1.1. Errors: timed_out, cancelled, refused,
  // unreachable, dns, not_found, tls (also where the origin does not take the offer), reset.
  runtime::Task<Result<Dialed>> dial(HttpOffer offer, runtime::Wait wait);

 private:
  runtime::Reactor& reactor_;
  const OriginShare& share_;
  Resolver& resolver_;
  TlsSessions sessions_;
};

}  // namespace weir::net
