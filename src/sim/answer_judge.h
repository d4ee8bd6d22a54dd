#pragma once
// judge(): whether an answer that a simulated client received is the right one for its request.
// Pure. "Whole" is what the framing says; this says whether it may be whole.

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/http1_response.h"

namespace weir::sim {

// What a simulated client asks.
struct SimRequest {
  std::string method;
  std::string target;
  std::string secret;
  uint64_t body_bytes = 0;
  bool chunked = false;
  bool expect_continue = false;
};

enum class Verdict : uint8_t {
  right,      // the origin's answer, every byte of it
  own_error,  // an error that whoever stands between made itself
  foreign,    // somebody else's answer, or one to something else
  wrong_body,
  unknown,  // neither the origin's nor an error
};

// `head` and `body` were received whole.
Verdict judge(const SimRequest& request, const wire::ResponseHead& head, std::string_view body,
              std::string_view trailer);
std::string_view to_string(Verdict verdict);

}  // namespace weir::sim
