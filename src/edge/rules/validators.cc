#include "edge/rules/validators.h"

#include <algorithm>

#include "wire/http1_write.h"
#include "wire/http_date.h"

namespace weir::edge {
namespace {

using std::chrono::sys_seconds;
using wire::KnownField;
using wire::KnownFieldSet;

constexpr KnownFieldSet preconditions(KnownField::if_match, KnownField::if_none_match,
                                      KnownField::if_modified_since,
                                      KnownField::if_unmodified_since, KnownField::if_range);

sys_seconds seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

// RFC 9110 8.8.3: etagc.
bool is_tag_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != '"' && byte != 0x7f;
}

// Takes the first tag off a list; empty at its end. A backslash is a byte like others in a tag (RFC
// 9110 8.8.3), so that a list of tags is no list of quoted strings.
std::string_view take_tag(std::string_view& list) {
  list.remove_prefix(std::min(list.find_first_not_of(", \t"), list.size()));
  size_t end = list.find(',');
  const size_t quote = list.starts_with("W/\"") ? 2 : 0;
  if (list.substr(quote).starts_with('"')) {
    const size_t closing = list.find('"', quote + 1);
    end = closing == list.npos ? list.size() : list.find(',', closing);
  }
  const std::string_view tag = wire::trim_ows(list.substr(0, end));
  list.remove_prefix(std::min(end, list.size()));
  return tag;
}

// Whether a list of entity tags (If-Match, If-None-Match) has this one, or is "*".
template <class Equal>
bool lists(const wire::Fields& request, KnownField id, const EntityTag& tag, Equal equal) {
  if (request.value(id) == "*") return true;
  if (!tag.exists()) return false;
  for (const wire::Field& field : request) {
    if (field.id != id) continue;
    std::string_view list = field.value;
    for (std::string_view found = take_tag(list); !found.empty(); found = take_tag(list))
      if (equal(parse_entity_tag(found), tag)) return true;
  }
  return false;
}

// When the stored answer last changed, at the latest (RFC 9111 4.3.2).
sys_seconds changed_by(const StoredRepresentation& stored, sys_seconds now) {
  for (const std::string_view text : {stored.validators.last_modified, stored.validators.date})
    if (const auto date = wire::parse_http_date(text, now)) return *date;
  return seconds_of(stored.stored_at);
}

// RFC 9110 13.1.3: only a date, only one, and not one of the future.
bool unmodified_since(const wire::Fields& request, const StoredRepresentation& stored,
                      sys_seconds now) {
  if (request.repeated(KnownField::if_modified_since)) return false;
  const auto since = wire::parse_http_date(request.value(KnownField::if_modified_since), now);
  return since && changed_by(stored, now) <= *since;
}

// RFC 9110 13.1.4, strictly: without a Last-Modified of its own our copy proves nothing.
bool fails_unmodified(const wire::Fields& request, const StoredRepresentation& stored,
                      sys_seconds now) {
  const auto since = wire::parse_http_date(request.value(KnownField::if_unmodified_since), now);
  if (!since) return false;
  const auto changed = wire::parse_http_date(stored.validators.last_modified, now);
  return !changed || *changed > *since;
}

// RFC 9110 8.8.2.2: a date of change is strong when the answer was made well after it.
bool is_strong_date(const Validators& validators, sys_seconds now) {
  const auto changed = wire::parse_http_date(validators.last_modified, now);
  const auto made = wire::parse_http_date(validators.date, now);
  return changed && made && *made - *changed >= std::chrono::seconds(60);
}

// RFC 9110 13.1.5: by strong comparison, whole.
bool if_range_holds(const wire::Fields& request, const Validators& stored, sys_seconds now) {
  const wire::Field* field = request.find(KnownField::if_range);
  if (!field) return true;
  if (request.repeated(KnownField::if_range)) return false;
  const EntityTag tag = parse_entity_tag(field->value);
  if (tag.valid) return strongly_equal(tag, stored.tag);
  return field->value == stored.last_modified && is_strong_date(stored, now);
}

}  // namespace

EntityTag parse_entity_tag(std::string_view text) {
  EntityTag tag{.opaque = text};
  if (tag.opaque.starts_with("W/\"")) {
    tag.weak = true;
    tag.opaque.remove_prefix(2);
  }
  const std::string_view quoted = tag.opaque;
  tag.valid = quoted.size() >= 2 && quoted.front() == '"' && quoted.back() == '"' &&
              std::ranges::all_of(quoted.substr(1, quoted.size() - 2), is_tag_byte);
  if (!tag.valid) tag = {.opaque = text};
  return tag;
}

bool strongly_equal(const EntityTag& a, const EntityTag& b) {
  return a.valid && b.valid && !a.weak && !b.weak && a.opaque == b.opaque;
}

bool weakly_equal(const EntityTag& a, const EntityTag& b) {
  return a.exists() && a.valid == b.valid && a.opaque == b.opaque;
}

Validators validators_of(const wire::Fields& response) {
  return {.tag = parse_entity_tag(response.value(KnownField::etag)),
          .last_modified = response.value(KnownField::last_modified),
          .date = response.value(KnownField::date)};
}

bool same_bytes(const Validators& a, const Validators& b, WallTime now) {
  if (a.tag.exists() || b.tag.exists()) return strongly_equal(a.tag, b.tag);
  const sys_seconds second = seconds_of(now);
  return !a.last_modified.empty() && a.last_modified == b.last_modified &&
         is_strong_date(a, second) && is_strong_date(b, second);
}

bool has_precondition(const wire::Fields& request) {
  return request.has_any(preconditions);
}

bool is_precondition(KnownField id) {
  return preconditions.contains(id);
}

PreconditionResult evaluate(const wire::Fields& request, const StoredRepresentation& stored,
                            WallTime now_exact) {
  PreconditionResult result;
  // RFC 9110 13.2.1: on what would have been a success only.
  if (!has_precondition(request) || stored.status / 100 != 2) return result;
  const sys_seconds now = seconds_of(now_exact);
  const Validators& validators = stored.validators;
  // Those two are for the origin (RFC 9111 4.3.2). Where our copy satisfies them, so would the
  // origin's be; where not, only the origin can tell.
  if (request.has(KnownField::if_match)) {
    if (!lists(request, KnownField::if_match, validators.tag, strongly_equal))
      return {Precondition::ask_origin};
  } else if (request.has(KnownField::if_unmodified_since)) {
    if (fails_unmodified(request, stored, now)) return {Precondition::ask_origin};
  }
  if (request.has(KnownField::if_none_match)) {
    if (lists(request, KnownField::if_none_match, validators.tag, weakly_equal))
      return {Precondition::not_modified};
  } else if (request.has(KnownField::if_modified_since)) {
    if (unmodified_since(request, stored, now)) return {Precondition::not_modified};
  }
  result.range_applies = if_range_holds(request, validators, now);
  return result;
}

void append_validation_fields(Buffer& out, const Validators& stored) {
  if (stored.tag.exists()) {
    out.append(stored.tag.weak ? "If-None-Match: W/" : "If-None-Match: ");
    out.append(stored.tag.opaque);
    out.append("\r\n");
  }
  if (!stored.last_modified.empty())
    wire::append_field(out, "If-Modified-Since", stored.last_modified);
}

void append_if_range(Buffer& out, const Validators& stored) {
  wire::append_field(out, "If-Range",
                     stored.tag.exists() ? stored.tag.opaque : stored.last_modified);
}

bool confirms(const wire::Fields& not_modified, const Validators& stored) {
  const Validators said = validators_of(not_modified);
  if (said.tag.exists() && stored.tag.exists()) return weakly_equal(said.tag, stored.tag);
  if (!said.last_modified.empty() && !stored.last_modified.empty())
    return said.last_modified == stored.last_modified;
  // It names nothing that we could compare: it is about what we asked (RFC 9111 4.3.4, last case).
  return true;
}

bool belongs_in_304(const wire::Field& field, bool has_entity_tag) {
  switch (field.id) {
    case KnownField::content_length:
    case KnownField::content_type:
    case KnownField::content_encoding:
    case KnownField::content_language:
    case KnownField::content_range:
    case KnownField::transfer_encoding:
    case KnownField::trailer:
    case KnownField::accept_ranges:
      return false;
    case KnownField::last_modified:
      return !has_entity_tag;
    default:
      return true;
  }
}

}  // namespace weir::edge
