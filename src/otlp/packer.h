#pragma once
// Packer: makes an encoded request ready to be sent, compressed where the settings want it, in
// slices of some 50 us, so that it does not hold up the requests of its shard.

#include "otlp/otlp_settings.h"
#include "otlp/transport.h"
#include "otlp/work.h"
#include "wire/gzip.h"

namespace weir::otlp {

class Packer {
 public:
  // The references outlive it.
  Packer(runtime::Reactor& reactor, telemetry::Tracing& tracing, Compression compression)
      : reactor_(reactor), tracing_(tracing), compression_(compression) {}

  // The message is good until the next call, and as long as `body`.
  runtime::Task<Message> pack(std::string_view body);

 private:
  runtime::Reactor& reactor_;
  telemetry::Tracing& tracing_;
  const Compression compression_;
  wire::Gzip gzip_;
};

}  // namespace weir::otlp
