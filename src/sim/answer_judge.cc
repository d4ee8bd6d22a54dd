#include "sim/answer_judge.h"

#include "sim/content.h"

namespace weir::sim {

Verdict judge(const SimRequest& request, const wire::ResponseHead& head, std::string_view body,
              std::string_view trailer) {
  const wire::Field* echo = head.fields.find(echo_field);
  const wire::Field* target = head.fields.find(target_field);
  if (!echo || !target) {
    // An error page speaks of the request, never with an answer's bytes.
    return head.status >= 400 ? Verdict::own_error : Verdict::unknown;
  }
  const std::string_view expected_echo = echo_for(request.target, request.secret);
  if (echo->value != expected_echo || target->value != request.target) return Verdict::foreign;
  if (!trailer.empty() && trailer != expected_echo) return Verdict::foreign;
  const bool bodiless = request.method == "HEAD" || head.status == 204 || head.status == 304;
  if (bodiless) return body.empty() ? Verdict::right : Verdict::wrong_body;
  return body == answer_content(request.target, request.secret) ? Verdict::right
                                                                : Verdict::wrong_body;
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::right:
      return "right";
    case Verdict::own_error:
      return "own_error";
    case Verdict::foreign:
      return "foreign";
    case Verdict::wrong_body:
      return "wrong_body";
    case Verdict::unknown:
      return "unknown";
  }
  return "";
}

}  // namespace weir::sim
