#include "edge/rules/stored_head.h"

#include "base/units.h"
#include "wire/scan.h"

namespace weir::edge {
namespace {

using wire::equal_ignoring_case;
using wire::Field;
using wire::Fields;
using wire::KnownField;

bool has_name(const Fields& fields, const Field& field) {
  if (field.id != KnownField::unknown) return fields.has(field.id);
  return fields.find(field.name) != nullptr;
}

}  // namespace

StorableFields::StorableFields(const Fields& response, const ResponseDirectives& directives)
    : response_(response),
      hop_by_hop_(response),
      source_(directives.source),
      withholds_(directives.withholds_fields) {}

bool StorableFields::operator()(const Field& field) const {
  if (field.id == KnownField::age || field.id == KnownField::cache_status) return false;
  if (hop_by_hop_(field)) return false;
  // RFC 9111 3.1 names the first beside those that HopByHop knows; the second is about one trace,
  // which is not the next one's.
  if (field.id == KnownField::unknown &&
      (equal_ignoring_case(field.name, "proxy-authentication-info") ||
       equal_ignoring_case(field.name, "trace-keep")))
    return false;
  return !withholds_ || !is_withheld(response_, source_, field.name);
}

bool replaces_stored(const Field& field) {
  switch (field.id) {
    // RFC 9111 3.2 leaves out Content-Length; the others tell how the stored bytes are to be read.
    case KnownField::content_length:
    case KnownField::content_encoding:
    case KnownField::content_range:
    case KnownField::etag:
      return false;
    case KnownField::unknown:
      return !equal_ignoring_case(field.name, "content-md5") &&
             !equal_ignoring_case(field.name, "content-digest") &&
             !equal_ignoring_case(field.name, "repr-digest") &&
             !equal_ignoring_case(field.name, "digest");
    default:
      return true;
  }
}

bool merge_heads(const Fields& stored, const Fields& fresh,
                 const ResponseDirectives& fresh_directives, Fields& out) {
  const StorableFields storable(fresh, fresh_directives);
  const auto taken = [&](const Field& field) { return replaces_stored(field) && storable(field); };
  for (const Field& field : stored) {
    const bool replaced = has_name(fresh, field) && taken(field);
    if (!replaced && !out.push(field)) return false;
  }
  for (const Field& field : fresh) {
    if (taken(field) && !out.push(field)) return false;
  }
  return true;
}

HeadEffect head_effect(uint16_t status, const Fields& answer, const Validators& stored,
                       std::optional<uint64_t> stored_length) {
  if (status != 200) return HeadEffect::none;
  const Validators said = validators_of(answer);
  const bool other_tag =
      said.tag.exists() && stored.tag.exists() && !weakly_equal(said.tag, stored.tag);
  const bool other_date = !said.last_modified.empty() && !stored.last_modified.empty() &&
                          said.last_modified != stored.last_modified;
  if (other_tag || other_date) return HeadEffect::invalidate;
  const auto length = parse_u64(answer.value(KnownField::content_length));
  if (length && stored_length && *length != *stored_length) return HeadEffect::invalidate;
  return HeadEffect::update;
}

}  // namespace weir::edge
