#pragma once
// Cache directives as values: what an answer says about being kept (Cache-Control, or
// CDN-Cache-Control in its place) and what a request says about being answered from a cache (RFC
// 9111 5.2, 5861, 8246, 9213). Parsing is total: what cannot be understood has the meaning that
// shares and keeps least. Nothing here allocates; nothing points into the message afterwards.

#include <chrono>
#include <cstdint>
#include <optional>

#include "wire/http_fields.h"

namespace weir::edge {

// Larger ones count as this (RFC 9111 1.2.2).
inline constexpr std::chrono::seconds delta_seconds_max{int64_t{1} << 31};

// The argument of a directive that takes seconds. Invalid (not digits, missing) is told from
// absent, because RFC 9111 4.2.1 wants the answer to be stale then, not to be without a lifetime.
// Of several the first counts, in CDN-Cache-Control the last.
class DeltaSeconds {
 public:
  constexpr DeltaSeconds() = default;
  explicit constexpr DeltaSeconds(std::chrono::seconds value)
      : value_(static_cast<uint32_t>(value.count())) {}
  static constexpr DeltaSeconds invalid() { return DeltaSeconds(invalid_value, 0); }

  constexpr bool present() const { return value_ != absent_value; }
  constexpr bool valid() const { return value_ <= max_value; }
  // Zero when it is invalid or absent.
  constexpr std::chrono::seconds value() const {
    return std::chrono::seconds(valid() ? value_ : 0);
  }
  bool operator==(const DeltaSeconds&) const = default;

 private:
  static constexpr uint32_t max_value = uint32_t{1} << 31;
  static constexpr uint32_t invalid_value = UINT32_MAX - 1, absent_value = UINT32_MAX;
  constexpr DeltaSeconds(uint32_t value, int) : value_(value) {}

  uint32_t value_ = absent_value;
};

// "1*DIGIT", saturated; invalid for anything else.
DeltaSeconds parse_delta_seconds(std::string_view text);

// Which field a set of directives was taken from.
enum class DirectiveSource : uint8_t { none, cache_control, cdn_cache_control };

struct ResponseDirectives {
  DirectiveSource source = DirectiveSource::none;
  bool no_store = false;
  bool no_cache = false;          // of the whole answer
  bool is_private = false;        // of the whole answer
  bool withholds_fields = false;  // no-cache or private names fields: they are not kept
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool immutable = false;
  bool no_transform = false;
  bool malformed = false;  // a quoted string has no end; no_store is set as well
  DeltaSeconds max_age;
  DeltaSeconds s_maxage;
  DeltaSeconds stale_while_revalidate;
  DeltaSeconds stale_if_error;

  bool operator==(const ResponseDirectives&) const = default;
};

// What rules over this answer: CDN-Cache-Control where it is there, valid and not empty (then
// Cache-Control, Expires and Pragma say nothing to us: RFC 9213 2.2), Cache-Control otherwise.
ResponseDirectives response_directives(const wire::Fields& response);
// Cache-Control alone.
ResponseDirectives parse_cache_control(const wire::Fields& response);
// CDN-Cache-Control alone, a dictionary of RFC 8941; `source` is none when it is absent, empty or
// not valid.
ResponseDirectives parse_cdn_cache_control(const wire::Fields& response);

// Whether the directives that rule this answer withhold this field from caches: it is named by
// no-cache="..." or private="..." (RFC 9111 5.2.2.4, 5.2.2.7). Ask only if `withholds_fields`.
bool is_withheld(const wire::Fields& response, DirectiveSource source, std::string_view name);

struct RequestDirectives {
  bool no_store = false;
  bool no_cache = false;  // also by Pragma, when there is no Cache-Control (RFC 9111 5.4)
  bool only_if_cached = false;
  bool no_transform = false;
  bool any_stale = false;  // max-stale without a bound
  DeltaSeconds max_age;
  DeltaSeconds max_stale;
  DeltaSeconds min_fresh;
  DeltaSeconds stale_if_error;

  bool operator==(const RequestDirectives&) const = default;
};

// What cannot be understood is skipped: a request directive only ever asks for more care.
RequestDirectives request_directives(const wire::Fields& request);

}  // namespace weir::edge
