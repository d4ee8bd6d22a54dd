#pragma once
// ScriptedReceiver: an OTLP receiver in a simulated world, over HTTP or gRPC, in whatever mood its
// world puts it: it takes, takes a part, refuses with any status, is slow, silent, or hangs up. It
// watches over its sender, with rules of its own: what was taken or refused for good must never
// come again, nothing before the time that was asked for, and no request may be larger than was
// agreed. Runs on one shard; outlives the process that it runs in.

#include <map>
#include <string>

#include "net/grpc_server.h"
#include "net/http_server.h"

namespace weir::sim {

struct ReceiverMood {
  enum class Kind : uint8_t { takes, takes_part, refuses, slow, silent, hangs_up };
  Kind kind = Kind::takes;
  uint16_t status = 503;  // with `refuses`, over HTTP
  wire::GrpcCode code = wire::GrpcCode::unavailable;
  Duration asked{};  // Retry-After or RetryInfo, whole seconds; 0: neither
  Duration pause{};  // with `slow`, before it takes

  static ReceiverMood draw(Random& random);
};

// What it holds its sender to.
struct ReceiverTerms {
  uint64_t bytes_max = 0;  // of one request
  Duration timeout{};      // after which nobody waits for an answer any more
};

struct ReceiverTally {
  uint64_t requests = 0;
  uint64_t spans_taken = 0;  // as the sender was told
  uint64_t repeated = 0;     // requests that had come before, as they may
  uint64_t refused = 0;      // for good
  // What must never be.
  uint64_t violations = 0;
  std::string first_violation;
};

class ScriptedReceiver final : public net::HttpHandler {
 public:
  explicit ScriptedReceiver(const ReceiverTerms& terms);

  // The main task of its shard: serves connections to `listener` until the shard drains.
  runtime::Task<> run(runtime::Shard& shard, int listener);
  void use(const ReceiverMood& mood) { mood_ = mood; }
  const ReceiverTally& tally() const { return tally_; }

  runtime::Task<> handle(net::HttpExchange& exchange) override;
  void reject(net::HttpExchange& exchange, uint16_t status, const char* reason) override;

 private:
  // The three services of OTLP have one method each.
  class Service final : public net::GrpcService {
   public:
    Service(ScriptedReceiver& receiver, std::string_view name) : receiver_(receiver), name_(name) {}
    std::string_view name() const override { return name_; }
    runtime::Task<net::GrpcStatus> call(std::string_view method, net::GrpcExchange& call) override;

   private:
    ScriptedReceiver& receiver_;
    std::string_view name_;
  };
  struct Seen {
    bool settled = false;  // taken, or refused for good
    MonoTime not_before{};
  };
  struct Answer {
    ReceiverMood mood;
    uint64_t rejected = 0;  // spans
  };

  // What a request that has come whole is answered; waits where the mood says so.
  runtime::Task<Answer> decide(net::HttpExchange& exchange, const std::string& body, bool traces,
                               bool over_grpc);
  void look_at(const std::string& body, MonoTime now);
  void settle(const std::string& body, MonoTime now, uint64_t spans, bool over_grpc,
              const Answer& answer);
  void violation(std::string what);

  const ReceiverTerms terms_;
  ReceiverMood mood_;
  ReceiverTally tally_;
  std::map<uint64_t, Seen> seen_;  // by hash
  Service traces_, metrics_, logs_;
  net::GrpcServer grpc_;
};

}  // namespace weir::sim
