#include "base/hex.h"
#include "edge/answers.h"
#include "edge/edge_shard.h"
#include "edge/grpc_call.h"
#include "edge/steps.h"
#include "telemetry/attribute.h"
#include "wire/forwarded.h"
#include "wire/http1_write.h"

namespace weir::edge {
namespace {

using telemetry::AttributeKey;
using wire::KnownField;

constexpr telemetry::SpanDecl edge_request_span{"edge.request", telemetry::SpanKind::server};

// The request id is the trace id, so that one leads to the other; a trusted peer's own id is kept.
void identify_request(EdgeRequest& request) {
  const std::string_view given =
      request.trusted ? request.head().fields.value(KnownField::x_request_id) : "";
  if (!given.empty() && given.size() <= request.id_text.size()) {
    request.id_size = static_cast<uint8_t>(given.copy(request.id_text.data(), given.size()));
    return;
  }
  const TraceId id = request.trace.id();
  write_hex(id.low, write_hex(id.high, request.id_text.data()));
  request.id_size = 32;
}

// The client's address: of trusted peers' X-Forwarded-For the last one that is not itself such a
// peer.
Address client_behind(const EdgeRequest& request) {
  std::array<wire::ForwardedNode, 16> nodes;
  const Result<size_t> count = wire::parse_x_forwarded_for(request.head().fields, nodes);
  Address client = request.exchange.client();
  for (size_t i = count.value_or(0); i-- > 0;) {
    const Result<Address> node = Address::parse_ip(nodes[i].name);
    if (!node) break;
    client = *node;
    if (!request.generation.config().trusts(client)) break;
  }
  return client;
}

void tell_client(EdgeRequest& request, const Address& client) {
  const telemetry::ClientAddresses& addresses = request.edge.service().telemetry().addresses;
  request.client_size = static_cast<uint8_t>(addresses.write(client, request.client_text.data()));
}

void identify_client(EdgeRequest& request) {
  const Address& peer = request.exchange.client();
  const EdgeConfig& config = request.generation.config();
  request.trusted = !config.trusted_peers.empty() && config.trusts(peer);
  const Address client = request.trusted && request.head().fields.has(KnownField::x_forwarded_for)
                             ? client_behind(request)
                             : peer;
  tell_client(request, client);
}

void set_recommended(EdgeRequest& request) {
  const wire::RequestHead& head = request.head();
  telemetry::Trace& trace = request.trace;
  const telemetry::SpanRef root = request.root;
  if (head.has_query) trace.set(root, AttributeKey::url_query, head.query);
  if (!head.host.text.empty()) {
    trace.set(root, AttributeKey::server_address, head.host.address());
    if (head.host.port != 0) trace.set(root, AttributeKey::server_port, head.host.port);
  }
  std::array<char, 46> peer;
  const telemetry::ClientAddresses& addresses = request.edge.service().telemetry().addresses;
  if (const size_t size = addresses.write(request.exchange.client(), peer.data()))
    trace.set(root, AttributeKey::network_peer_address, std::string_view(peer.data(), size));
  trace.set(root, AttributeKey::network_protocol_version, request.exchange.http_version());
  const std::string_view agent = head.fields.value(KnownField::user_agent);
  if (!agent.empty()) trace.set(root, AttributeKey::user_agent_original, agent);
}

// What every span says is told by record(), when it is over.
void start_span(EdgeRequest& request) {
  const telemetry::Metered metered(request.edge.tracer().meter());
  request.trace.route(request.head().path);
  request.root = request.trace.start(edge_request_span, request.exchange.started());
  if (!request.root) [[unlikely]]
    return;
  const wire::RequestHead& head = request.head();
  if (head.method == wire::RequestMethod::other) [[unlikely]]
    request.trace.set(request.root, AttributeKey::http_request_method_original, head.method_text);
  if (const uint8_t route = request.trace.route())
    request.trace.set(request.root, AttributeKey::http_route,
                      request.generation.answered.route_name(route));
  if (request.edge.service().telemetry().full_spans) set_recommended(request);
}

void answer_health(EdgeRequest& request) {
  const HealthSettings& health = request.generation.config().health;
  const std::string_view path = request.head().path;
  if (path == health.live_path && !path.empty()) return answer_text(request, 200, "live\n");
  if (path != health.ready_path || path.empty()) return;
  const bool ready = request.edge.service().ready().load(std::memory_order_relaxed) &&
                     !request.edge.shard().draining().requested();
  answer_text(request, ready ? 200 : 503, ready ? "ready\n" : "not ready\n");
}

}  // namespace

void receive(EdgeRequest& request) {
  identify_client(request);
  identify_request(request);
  start_span(request);
  if (request.head().fields.has(KnownField::content_type)) receive_call(request);
  answer_health(request);
}

void receive_malformed(EdgeRequest& request, uint16_t status, const char* reason) {
  request.malformed = true;
  tell_client(request, request.exchange.client());
  identify_request(request);
  request.root = request.trace.start(edge_request_span, request.exchange.started());
  answer_error(request, status, reason);
}

}  // namespace weir::edge
