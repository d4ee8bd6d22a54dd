#pragma once
// Keys of span attributes, interned: a span stores the number, an exporter writes the name. Names
// are those of the OpenTelemetry semantic conventions where these have one. A new key is a line in
// both places; the table is checked at compile time.

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::telemetry {

enum class AttributeKey : uint16_t {
  http_request_method,
  http_request_method_original,
  http_request_resend_count,
  http_request_body_size,
  http_response_status_code,
  http_response_body_size,
  http_route,
  url_full,
  url_path,
  url_query,
  url_scheme,
  user_agent_original,
  server_address,
  server_port,
  client_address,
  client_port,
  network_peer_address,
  network_peer_port,
  network_protocol_name,
  network_protocol_version,
  error_type,
  exception_message,
  exception_type,
  rpc_system_name,
  rpc_service,
  rpc_method,
  rpc_response_status_code,
  db_system_name,
  db_operation_name,
  messaging_system,
  messaging_destination_name,
  messaging_operation_type,
  edge_site,
  cache_hit,
  cache_status,
  origin_name,
  user_id,
  product_id,
  order_id,
  quantity,
  allowed,
  num_items,
  features_count,
  candidates_count,
  reason,
  count,  // how many there are; not a key
};

struct AttributeName {
  AttributeKey key;
  std::string_view name;
};

inline constexpr std::array<AttributeName, static_cast<size_t>(AttributeKey::count)>
    attribute_names{{
        {AttributeKey::http_request_method, "http.request.method"},
        {AttributeKey::http_request_method_original, "http.request.method_original"},
        {AttributeKey::http_request_resend_count, "http.request.resend_count"},
        {AttributeKey::http_request_body_size, "http.request.body.size"},
        {AttributeKey::http_response_status_code, "http.response.status_code"},
        {AttributeKey::http_response_body_size, "http.response.body.size"},
        {AttributeKey::http_route, "http.route"},
        {AttributeKey::url_full, "url.full"},
        {AttributeKey::url_path, "url.path"},
        {AttributeKey::url_query, "url.query"},
        {AttributeKey::url_scheme, "url.scheme"},
        {AttributeKey::user_agent_original, "user_agent.original"},
        {AttributeKey::server_address, "server.address"},
        {AttributeKey::server_port, "server.port"},
        {AttributeKey::client_address, "client.address"},
        {AttributeKey::client_port, "client.port"},
        {AttributeKey::network_peer_address, "network.peer.address"},
        {AttributeKey::network_peer_port, "network.peer.port"},
        {AttributeKey::network_protocol_name, "network.protocol.name"},
        {AttributeKey::network_protocol_version, "network.protocol.version"},
        {AttributeKey::error_type, "error.type"},
        {AttributeKey::exception_message, "exception.message"},
        {AttributeKey::exception_type, "exception.type"},
        {AttributeKey::rpc_system_name, "rpc.system.name"},
        {AttributeKey::rpc_service, "rpc.service"},
        {AttributeKey::rpc_method, "rpc.method"},
        {AttributeKey::rpc_response_status_code, "rpc.response.status_code"},
        {AttributeKey::db_system_name, "db.system.name"},
        {AttributeKey::db_operation_name, "db.operation.name"},
        {AttributeKey::messaging_system, "messaging.system"},
        {AttributeKey::messaging_destination_name, "messaging.destination.name"},
        {AttributeKey::messaging_operation_type, "messaging.operation.type"},
        {AttributeKey::edge_site, "edge.site"},
        {AttributeKey::cache_hit, "cache.hit"},
        {AttributeKey::cache_status, "cache.status"},
        {AttributeKey::origin_name, "origin.name"},
        {AttributeKey::user_id, "user.id"},
        {AttributeKey::product_id, "product.id"},
        {AttributeKey::order_id, "order.id"},
        {AttributeKey::quantity, "quantity"},
        {AttributeKey::allowed, "allowed"},
        {AttributeKey::num_items, "num_items"},
        {AttributeKey::features_count, "features.count"},
        {AttributeKey::candidates_count, "candidates.count"},
        {AttributeKey::reason, "reason"},
    }};

constexpr std::string_view name_of(AttributeKey key) {
  return attribute_names[static_cast<size_t>(key)].name;
}

namespace attribute_detail {
constexpr bool in_order() {
  for (size_t i = 0; i < attribute_names.size(); ++i)
    if (static_cast<size_t>(attribute_names[i].key) != i || attribute_names[i].name.empty())
      return false;
  return true;
}
static_assert(in_order(), "attribute_names must list every key in the order of AttributeKey");
}  // namespace attribute_detail

}  // namespace weir::telemetry
