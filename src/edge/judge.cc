#include "edge/judge.h"

#include <array>

#include "edge/rules/stored_head.h"
#include "edge/rules/vary.h"
#include "edge/stored_answer.h"
#include "wire/http1_write.h"

namespace weir::edge {
namespace {

using wire::Field;
using wire::KnownField;

constexpr size_t fields_max = 128;

std::string_view bytes_of(const StoredAnswer& answer) {
  return {reinterpret_cast<const char*>(&answer), sizeof answer};
}

// Where the value of the field line that was just written stands.
TextPlace last_value(const Buffer& out, std::string_view value) {
  return {static_cast<uint32_t>(out.size() - value.size() - 2),
          static_cast<uint32_t>(value.size())};
}

void note_place(StoredAnswer& answer, const Field& field, const Buffer& out) {
  TextPlace* place = nullptr;
  if (field.id == KnownField::etag) place = &answer.entity_tag;
  if (field.id == KnownField::last_modified) place = &answer.last_modified;
  if (field.id == KnownField::date) place = &answer.date;
  if (field.id == KnownField::content_type) place = &answer.content_type;
  if (place && place->size == 0) *place = last_value(out, field.value);
}

// The key by which the answer's own language finds it, where it depends on Accept-Language and
// names one language.
void append_own_language(Buffer& out, std::string_view vary, const wire::Fields& request,
                         const wire::Fields& answer) {
  const std::string_view language = answer.value(KnownField::content_language);
  if (language.empty() || language.find(',') != language.npos) return;
  if (answer.repeated(KnownField::content_language) || !vary_has(vary, "accept-language")) return;
  (void)append_language_key(out, vary, request, language);
}

// The fields of `from` without Date.
void copy_without_date(const wire::Fields& from, wire::Fields& to) {
  for (const Field& field : from)
    if (field.id != KnownField::date) (void)to.push(field);
}

}  // namespace

StoreVerdict Judge::answer(const wire::ResponseHead& head, Draft& draft) const {
  return write(head, head.minor_version, draft);
}

StoreVerdict Judge::update(const cache::Object& old, const wire::ResponseHead& fresh,
                           Draft& draft) const {
  const StoredAnswer& stored = StoredAnswer::of(old);
  std::array<Field, fields_max> stored_storage, merged_storage, storage;
  wire::Fields stored_fields{std::span(stored_storage)}, merged{std::span(merged_storage)};
  if (!read_field_lines(stored.fields.in(old.head()), stored_fields) ||
      !merge_heads(stored_fields, fresh.fields, response_directives(fresh.fields), merged))
    return StoreVerdict::malformed;
  wire::ResponseHead head{std::span(storage)};
  head.status = stored.status;
  // Without a Date of its own the confirmation is as old as its arrival, not as the stored answer.
  if (fresh.fields.has(KnownField::date)) {
    for (const Field& field : merged)
      (void)head.fields.push(field);
  } else {
    copy_without_date(merged, head.fields);
  }
  return write(head, stored.minor_version, draft);
}

StoreVerdict Judge::write(const wire::ResponseHead& head, uint8_t minor_version,
                          Draft& draft) const {
  const ResponseDirectives directives = response_directives(head.fields);
  const Lifetime life = lifetime({.response = head,
                                  .directives = directives,
                                  .request = errand_.facts,
                                  .policy = *errand_.policy,
                                  .path = errand_.path,
                                  .responded = times_.responded_wall});
  const StoreVerdict verdict = may_store({.request = errand_.facts,
                                          .response = head,
                                          .directives = directives,
                                          .lifetime = life,
                                          .policy = *errand_.policy});
  if (verdict != StoreVerdict::store) return verdict;
  if (head.status == 206) return StoreVerdict::partial;
  if (!draft.tags_.read(head.fields)) return StoreVerdict::tags;
  Buffer vary;
  if (append_vary(vary, head.fields) == VaryKind::limit) return StoreVerdict::vary_limit;
  std::array<Field, fields_max> storage;
  wire::Fields request{std::span(storage)};
  if (!read_field_lines(errand_.fields.view(), request) ||
      !append_variant_key(draft.variant_, vary.view(), request))
    return StoreVerdict::vary_limit;
  StoredAnswer answer;
  answer.freshness = stored_freshness(head.fields, directives, life, times_, *errand_.policy);
  answer.stored_at = times_.responded_wall;
  answer.requested = times_.requested;
  answer.status = head.status;
  answer.minor_version = minor_version;
  answer.vary_bytes = static_cast<uint16_t>(vary.size());
  Buffer language;
  append_own_language(language, vary.view(), request, head.fields);
  answer.language_bytes = static_cast<uint16_t>(language.size());
  write_head(head, directives, answer, draft.head_);
  draft.meta_.append(bytes_of(answer));
  draft.meta_.append(vary.view());
  draft.meta_.append(language.view());
  draft.object_ = {.variant = draft.variant_.view(),
                   .head = draft.head_.view(),
                   .meta = draft.meta_.view(),
                   .tags = draft.tags_.all()};
  return verdict;
}

void Judge::write_head(const wire::ResponseHead& head, const ResponseDirectives& directives,
                       StoredAnswer& answer, Buffer& out) const {
  wire::append_status_line(out, head.status, head.reason);
  answer.fields.at = static_cast<uint32_t>(out.size());
  const StorableFields kept(head.fields, directives);
  for (const Field& field : head.fields) {
    if (!kept(field) || field.id == KnownField::content_length) continue;
    wire::append_field(out, field);
    note_place(answer, field, out);
  }
  if (answer.date.size == 0) {
    out.append(date_line_);
    answer.date = last_value(out, date_line_.substr(6, date_line_.size() - 8));
  }
  answer.fields.size = static_cast<uint32_t>(out.size()) - answer.fields.at;
}

}  // namespace weir::edge
