#pragma once
// OriginWatch: looks at what simulated origins are asked: requests must be whole, and none that may
// not be repeated comes twice. One an origin, on its shard.

#include <set>
#include <string>

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

// What an origin was asked, copied.
struct OriginAsked {
  std::string method;
  std::string target;
  std::string secret;
  uint64_t body_bytes = 0;
  wire::BodyFraming framing;
  bool keep_alive = false;
};

class OriginWatch {
 public:
  OriginAsked take_request(const wire::RequestHead& head);
  // All of its body, as it seemed.
  void take_body(const OriginAsked& request, std::string_view body);
  void violation(std::string what);

  OriginTally tally;

 private:
  std::set<std::string> unrepeatable_;
};

}  // namespace weir::sim
