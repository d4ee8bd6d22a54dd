#pragma once
// The bytes of a simulated origin's answers, as its plan says. Pure.

#include <string>
#include <string_view>

#include "sim/origin_plan.h"

namespace weir::sim {

struct AnswerFor {
  std::string_view method;
  std::string_view target;
  std::string_view secret;
  bool keep_alive;
};

// The whole answer: interim heads, head, body in the plan's framing, and its extra bytes behind.
std::string answer_bytes(const AnswerFor& request, const OriginPlan& plan);
// Something that must not be taken for an answer.
std::string garbage_answer(const AnswerFor& request, Random& random);

}  // namespace weir::sim
