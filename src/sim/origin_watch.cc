#include "sim/origin_watch.h"

#include "base/units.h"
#include "sim/content.h"

namespace weir::sim {

void OriginWatch::violation(std::string what) {
  if (tally.violations++ == 0) tally.first_violation = std::move(what);
}

OriginAsked OriginWatch::take_request(const wire::RequestHead& head) {
  OriginAsked request;
  request.method = head.method_text;
  request.target = head.target;
  if (const wire::Field* field = head.fields.find(secret_field)) request.secret = field->value;
  if (const wire::Field* field = head.fields.find(body_field))
    request.body_bytes = parse_u64(field->value).value_or(0);
  request.framing = head.framing;
  request.keep_alive = head.keep_alive;
  if (request.secret.empty()) violation("a request without its secret: " + request.target);
  if (head.method == wire::RequestMethod::post && !unrepeatable_.insert(request.target).second)
    violation("a POST came twice: " + request.target);
  return request;
}

void OriginWatch::take_body(const OriginAsked& request, std::string_view body) {
  if (body != request_content(request.target, request.secret, request.body_bytes))
    violation("a wrong request body taken for whole: " + request.target);
}

}  // namespace weir::sim
