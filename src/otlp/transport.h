#pragma once
// Transport: how the requests of one signal reach their receiver: over HTTP (http_transport.h) or
// gRPC (grpc_transport.h), as `otlp.protocol` says. On one shard, one request at a time; keeps the
// connection between requests. Does not retry what the receiver has seen: that is for Delivery.

#include <memory>
#include <string>

#include "net/origin_share.h"
#include "net/resolver.h"
#include "otlp/export_response.h"
#include "otlp/otlp_settings.h"
#include "runtime/shard.h"
#include "telemetry/recorder.h"

namespace weir::otlp {

struct Message {
  std::string_view body;
  bool gzip = false;
};

// What the receiver said.
struct Reply {
  Disposition disposition = Disposition::refused;
  std::string status;  // "503", "UNAVAILABLE"
  // With `retry`: what it asked for.
  std::optional<Duration> retry_after;
  std::string body;  // with `delivered`: an Export...ServiceResponse
  std::string why;   // else: for people
};

// What every request says.
struct RequestHead {
  std::string target;  // the path; in gRPC the method
  std::string user_agent;
  settings::TextMap headers;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Errors: whatever kept the receiver from answering; the request may be sent again.
  virtual runtime::Task<Result<Reply>> post(Message message, runtime::Wait wait) = 0;
  // Nothing is under way.
  virtual runtime::Task<> stop() = 0;
  // Whom it talks to, for people.
  virtual const std::string& authority() const = 0;
};

// What the process has one of; all but the last outlive whoever sends.
struct TransportParts {
  telemetry::Recorder& recorder;  // of the shard
  net::Resolver& resolver;
  net::OriginSharePtr receiver;  // of receiver_of(), for all shards
};
// `settings` are the signal's, and name an endpoint for it. `version` is the program's.
std::unique_ptr<Transport> make_transport(runtime::Shard& shard, TransportParts parts,
                                          const OtlpSettings& settings, std::string_view version,
                                          Signal signal);

}  // namespace weir::otlp
