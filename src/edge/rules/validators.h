#pragma once
// Validators: entity tags and dates by which two copies are compared (RFC 9110 8.8), preconditions
// on a stored answer (RFC 9110 13, in the order of 13.2.2; RFC 9111 4.3.2), the question that asks
// the origin whether a copy is still good (RFC 9111 4.3.1), and which copy its 304 is about
// (4.3.4).

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "base/time.h"
#include "wire/http_fields.h"

namespace weir::edge {

// A view of an ETag's value.
struct EntityTag {
  std::string_view opaque;  // with its quotes; what broke the syntax is kept whole
  bool weak = false;
  bool valid = false;

  bool exists() const { return !opaque.empty(); }
};
EntityTag parse_entity_tag(std::string_view text);
// RFC 9110 8.8.3.2. A tag that breaks the syntax equals nothing strongly, and weakly only its twin.
bool strongly_equal(const EntityTag& a, const EntityTag& b);
bool weakly_equal(const EntityTag& a, const EntityTag& b);

// Those of one answer; views of its head.
struct Validators {
  EntityTag tag;
  std::string_view last_modified;
  std::string_view date;

  // Whether there is anything to ask the origin with.
  bool usable() const { return tag.exists() || !last_modified.empty(); }
};
Validators validators_of(const wire::Fields& response);

// Whether parts with these validators are parts of the same bytes (RFC 9110 14.4, 13.1.5): strong
// tags that are equal; or, where neither has a tag, dates of change that are equal and strong,
// which they are when Date is a minute or more later.
bool same_bytes(const Validators& a, const Validators& b, WallTime now);

enum class Precondition : uint8_t {
  proceed,       // answer as if there were none
  not_modified,  // 304
  ask_origin,    // it failed on our copy; the origin may have another
};
struct PreconditionResult {
  Precondition outcome = Precondition::proceed;
  bool range_applies = true;  // If-Range is absent or holds
};
// Of a GET or HEAD request, on a stored answer with this status. `stored_at` stands in for
// Last-Modified and Date where neither is there.
struct StoredRepresentation {
  uint16_t status = 200;
  Validators validators;
  WallTime stored_at;
};
PreconditionResult evaluate(const wire::Fields& request, const StoredRepresentation& stored,
                            WallTime now);
// Whether the request has any precondition at all: most have none.
bool has_precondition(const wire::Fields& request);

// A field of a request that is a precondition: left out when our own question takes its place.
bool is_precondition(wire::KnownField id);
// The fields of a request that a 304 may be the answer to (RFC 9110 15.4.5).
inline constexpr wire::KnownFieldSet answered_by_304{wire::KnownField::if_none_match,
                                                     wire::KnownField::if_modified_since};
// Appends "If-None-Match" and "If-Modified-Since" lines for a stored answer.
void append_validation_fields(Buffer& out, const Validators& stored);
// Appends "If-Range", by which the origin sends a part only of what the copy with these validators
// is a part of. They are strong: same_bytes() holds of them and themselves.
void append_if_range(Buffer& out, const Validators& stored);

// Whether a 304 is about the stored answer that was asked about with its validators.
bool confirms(const wire::Fields& not_modified, const Validators& stored);

// What an answer 304 of ours has to have out of the stored head (RFC 9110 15.4.5).
bool belongs_in_304(const wire::Field& field, bool has_entity_tag);

}  // namespace weir::edge
