#pragma once
// ScriptedOrigin: an HTTP/1.1 origin in a simulated world that answers as OriginPlans say, and
// looks at what it is asked: requests must be whole, well-formed, and none that may not be repeated
// comes twice. Runs on one shard; outlives the process that it runs in.

#include <set>
#include <string>

#include "runtime/shard.h"
#include "sim/message_reader.h"
#include "sim/origin_plan.h"
#include "wire/http1_request.h"

namespace weir::sim {

struct OriginTally {
  uint64_t connections = 0;
  uint64_t requests = 0;
  uint64_t answers = 0;  // sent whole
  uint64_t cut_requests = 0;
  // What must never be.
  uint64_t violations = 0;
  std::string first_violation;
};

class ScriptedOrigin {
 public:
  // Accepts from `listener`, an id of the simulated network.
  ScriptedOrigin(int listener, const OriginMix& mix) : listener_(listener), mix_(mix) {}

  // The main task of its shard: serves until the shard drains.
  runtime::Task<> run(runtime::Shard& shard);
  const OriginTally& tally() const { return tally_; }

 private:
  struct Request {
    std::string method;
    std::string target;
    std::string secret;
    uint64_t body_bytes = 0;
    wire::BodyFraming framing;
    bool keep_alive = false;
  };
  struct Connection;

  runtime::Task<> serve(runtime::Shard& shard, runtime::StreamPtr stream);
  // False when the connection is done.
  runtime::Task<bool> exchange(Connection& connection);
  runtime::Task<Result<Request>> read_request(Connection& connection);
  Request take_request(const wire::RequestHead& head);
  runtime::Task<bool> read_body(Connection& connection, const Request& request);
  runtime::Task<bool> answer(Connection& connection, const Request& request,
                             const OriginPlan& plan);
  void violation(std::string what);

  int listener_;
  OriginMix mix_;
  OriginTally tally_;
  std::set<std::string> unrepeatable_;
};

}  // namespace weir::sim
