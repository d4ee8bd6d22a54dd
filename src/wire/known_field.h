#pragma once
// KnownField: the header fields that some part of Weir looks at, so that a parsed field carries a
// small number instead of being compared by name again and again. known_field(name) is one
// multiply, one load and one comparison; the table without collisions is found by the compiler.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::wire {

// The names on the wire are these with '-' for '_'. At most 127: Fields keeps a bit for each.
// clang-format off: it takes the list for an expression.
#define WEIR_KNOWN_FIELDS(X) \
  X(host) X(connection) X(content_length) X(transfer_encoding) X(te) X(trailer) X(upgrade) \
  X(expect) X(keep_alive) X(proxy_connection) X(proxy_authorization) X(proxy_authenticate) \
  X(http2_settings) X(date) X(server) X(via) X(age) X(cache_control) X(pragma) X(expires) \
  X(etag) X(last_modified) X(vary) X(if_match) X(if_none_match) X(if_modified_since) \
  X(if_unmodified_since) X(if_range) X(range) X(accept_ranges) X(content_range) X(accept) \
  X(accept_encoding) X(accept_language) X(accept_charset) X(authorization) X(www_authenticate) \
  X(cookie) X(set_cookie) X(content_type) X(content_encoding) X(content_language) \
  X(content_location) X(content_disposition) X(content_security_policy) \
  X(strict_transport_security) X(location) X(user_agent) X(referer) X(referrer_policy) \
  X(origin) X(allow) X(link) X(retry_after) X(alt_svc) X(early_data) X(priority) \
  X(server_timing) X(upgrade_insecure_requests) X(sec_fetch_site) X(sec_fetch_mode) \
  X(sec_fetch_user) X(sec_fetch_dest) X(sec_ch_ua) X(sec_ch_ua_mobile) X(sec_ch_ua_platform) \
  X(sec_websocket_key) X(sec_websocket_version) X(sec_websocket_accept) \
  X(sec_websocket_protocol) X(sec_websocket_extensions) X(access_control_allow_origin) \
  X(access_control_allow_methods) X(access_control_allow_headers) \
  X(access_control_allow_credentials) X(access_control_expose_headers) \
  X(access_control_max_age) X(access_control_request_method) X(access_control_request_headers) \
  X(x_forwarded_for) X(x_forwarded_proto) X(x_forwarded_host) X(x_forwarded_port) X(x_real_ip) \
  X(forwarded) X(x_request_id) X(traceparent) X(tracestate) X(baggage) X(surrogate_key) \
  X(surrogate_control) X(cache_tag) X(cdn_cache_control) X(cache_status) X(cdn_loop) X(x_cache) \
  X(x_content_type_options) X(x_frame_options)
// clang-format on

enum class KnownField : uint8_t {
  unknown,
#define WEIR_ENUMERATOR(name) name,
  WEIR_KNOWN_FIELDS(WEIR_ENUMERATOR)
#undef WEIR_ENUMERATOR
};

#define WEIR_COUNT_ONE(name) +1
inline constexpr size_t known_field_count = 1 WEIR_KNOWN_FIELDS(WEIR_COUNT_ONE);
#undef WEIR_COUNT_ONE
static_assert(known_field_count <= 128);

// Without regard to case. `name` must be a token (RFC 9110 5.6.2): other bytes may be taken for
// letters.
KnownField known_field(std::string_view name);
// In lower case; empty for `unknown`.
std::string_view field_name(KnownField id);

// Equality without regard to the case of ASCII letters; exact for all bytes.
bool equal_ignoring_case(std::string_view a, std::string_view b);

// A set of known fields.
class KnownFieldSet {
 public:
  constexpr KnownFieldSet() = default;
  template <class... Ids>
  explicit constexpr KnownFieldSet(Ids... ids) {
    (add(ids), ...);
  }
  constexpr void add(KnownField id) { words_[index(id)] |= bit(id); }
  constexpr bool contains(KnownField id) const { return (words_[index(id)] & bit(id)) != 0; }
  constexpr bool intersects(const KnownFieldSet& other) const {
    return ((words_[0] & other.words_[0]) | (words_[1] & other.words_[1])) != 0;
  }

 private:
  static constexpr size_t index(KnownField id) { return static_cast<size_t>(id) >> 6; }
  static constexpr uint64_t bit(KnownField id) {
    return uint64_t{1} << (static_cast<unsigned>(id) & 63);
  }
  uint64_t words_[2] = {0, 0};
};

}  // namespace weir::wire
