#include "edge/answers.h"
#include "edge/edge_shard.h"
#include "edge/steps.h"

namespace weir::edge {
namespace {

using wire::BodyFraming;
using wire::RequestMethod;

// Methods and forms that a reverse proxy does not pass on; 0 when there is nothing against it.
uint16_t refusal(const wire::RequestHead& head) {
  if (head.method == RequestMethod::connect) return 501;
  // TRACE would show the client what we add for the origin.
  if (head.method == RequestMethod::trace) return 501;
  if (head.form == wire::TargetForm::asterisk && head.method != RequestMethod::options) return 400;
  return 0;
}

void find_site(EdgeRequest& request) {
  const EdgeConfig& config = request.generation.config();
  const std::optional<uint32_t> index = config.hosts.find(request.head().host.host);
  if (!index) return answer_error(request, 404, "no site for this host");
  request.site_index = *index;
  request.site = &config.sites[*index];
}

void apply_path_rules(EdgeRequest& request) {
  const PathRule* rule =
      request.site->paths.empty() ? nullptr : request.site->paths.find(request.head().path);
  if (!rule) return;
  if (rule->redirect) return answer_redirect(request, *rule);
  append_target(request.rewritten, *rule, request.head().path, request.head().query);
}

}  // namespace

void normalise(EdgeRequest& request) {
  const wire::RequestHead& head = request.head();
  if (const uint16_t status = refusal(head))
    return answer_error(request, status, "method or target not served");
  find_site(request);
  if (request.answered()) return;
  const Site& site = *request.site;
  request.exchange.limit_time(site.request_timeout);
  if (head.framing.kind == BodyFraming::Kind::content_length &&
      head.framing.length > site.body_bytes_max) {
    request.exchange.close_after();
    return answer_error(request, 413, "body exceeds the site's body_bytes_max");
  }
  apply_path_rules(request);
  if (request.answered()) return;
  if (site.cors && is_preflight(head)) return answer_preflight(request, *site.cors);
  if (site.respond) return answer_fixed(request, *site.respond);
}

}  // namespace weir::edge
