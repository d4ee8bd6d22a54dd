#include "edge/judge.h"

#include <array>

#include "edge/cache/shard_store.h"
#include "edge/rules/cors.h"
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

void Draft::put_in_place(char place) {
  variant_.append("\n#");
  variant_.append(place);
  object_.variant = variant_.view();
}

StoreVerdict Judge::answer(const wire::ResponseHead& head, Draft& draft) const {
  std::optional<HeldPart> part = part_in(head);
  // Not what was asked for: whoever waits for that must not get it. And a part that was asked for
  // with If-Range need not have the fields that its client has already (RFC 9110 15.3.7).
  const bool asked = part && errand_.part && errand_.if_range.empty() &&
                     errand_.part->resolve(part->whole_bytes) == part->range;
  if (!asked) part.reset();
  const uint8_t version = head.http2 ? StoredAnswer::http2 : head.minor_version;
  return write(head, version, part, draft);
}

StoreVerdict Judge::update(const cache::Object& old, const wire::ResponseHead& fresh,
                           Draft& draft) const {
  const StoredAnswer& stored = StoredAnswer::of(old);
  if (!stored.is_part()) return merge(old, fresh, std::nullopt, draft);
  const StoreVerdict verdict = merge(old, fresh, HeldPart{stored.part, stored.whole_bytes}, draft);
  if (verdict == StoreVerdict::store) draft.put_in_place(old.variant().back());
  return verdict;
}

StoreVerdict Judge::combine(const cache::Object& newest, const wire::ResponseHead& rest,
                            const std::optional<HeldPart>& part, Draft& draft) const {
  return merge(newest, rest, part, draft);
}

// Fields of `fresh` over those of `old`. To the rules a part that is stored is like the whole.
StoreVerdict Judge::merge(const cache::Object& old, const wire::ResponseHead& fresh,
                          const std::optional<HeldPart>& part, Draft& draft) const {
  const StoredAnswer& stored = StoredAnswer::of(old);
  std::array<Field, fields_max> stored_storage, merged_storage, storage;
  wire::Fields stored_fields{std::span(stored_storage)}, merged{std::span(merged_storage)};
  if (!read_field_lines(stored.fields.in(old.head()), stored_fields) ||
      !merge_heads(stored_fields, fresh.fields, response_directives(fresh.fields), merged))
    return StoreVerdict::malformed;
  wire::ResponseHead head{std::span(storage)};
  head.status = stored.is_part() ? 200 : stored.status;
  // Without a Date of its own the confirmation is as old as its arrival, not as the stored answer.
  if (fresh.fields.has(KnownField::date)) {
    for (const Field& field : merged)
      (void)head.fields.push(field);
  } else {
    copy_without_date(merged, head.fields);
  }
  return write(head, stored.minor_version, part, draft);
}

StoreVerdict Judge::write(const wire::ResponseHead& head, uint8_t minor_version,
                          const std::optional<HeldPart>& part, Draft& draft) const {
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
                                          .policy = *errand_.policy,
                                          .content_location_is_target = errand_.content_of_target});
  if (verdict != StoreVerdict::store) return verdict;
  if (head.status == 206 && !part) return StoreVerdict::partial;
  if (!draft.tags_.read(head.fields)) return StoreVerdict::tags;
  Buffer vary;
  if (append_vary(vary, head.fields) == VaryKind::limit) return StoreVerdict::vary_limit;
  std::array<Field, fields_max> storage;
  wire::Fields request{std::span(storage)};
  if (!read_field_lines(errand_.fields.view(), request) ||
      !append_variant_key(draft.variant_, vary.view(), request))
    return StoreVerdict::variant_limit;
  StoredAnswer answer;
  answer.freshness = stored_freshness(head.fields, directives, life, times_, *errand_.policy);
  answer.stored_at = times_.responded_wall;
  answer.requested = times_.requested;
  answer.status = part ? 206 : head.status;
  if (part) {
    answer.part = part->range;
    answer.whole_bytes = part->whole_bytes;
  }
  answer.minor_version = minor_version;
  answer.vary_bytes = static_cast<uint16_t>(vary.size());
  Buffer language;
  append_own_language(language, vary.view(), request, head.fields);
  answer.language_bytes = static_cast<uint16_t>(language.size());
  write_head(head, directives, answer, draft.head_);
  draft.meta_.append(bytes_of(answer));
  draft.meta_.append(vary.view());
  draft.meta_.append(language.view());
  draft.part_ = part;
  draft.variant_bytes_ = draft.variant_.size();
  draft.object_ = {.variant = draft.variant_.view(),
                   .head = draft.head_.view(),
                   .meta = draft.meta_.view(),
                   .tags = draft.tags_.all()};
  return verdict;
}

void Judge::write_head(const wire::ResponseHead& head, const ResponseDirectives& directives,
                       StoredAnswer& answer, Buffer& out) const {
  wire::append_status_line(out, answer.status, answer.is_part() ? "" : head.reason);
  answer.fields.at = static_cast<uint32_t>(out.size());
  const StorableFields kept(head.fields, directives);
  for (const Field& field : head.fields) {
    if (!kept(field) || field.id == KnownField::content_length) continue;
    // Each answer has its own.
    if (field.id == KnownField::content_range && answer.is_part()) continue;
    wire::append_field(out, field);
    note_place(answer, field, out);
    answer.has_cors |= is_cors_field(field.name);
  }
  if (answer.date.size == 0) {
    out.append(date_line_);
    answer.date = last_value(out, date_line_.substr(6, date_line_.size() - 8));
  }
  answer.fields.size = static_cast<uint32_t>(out.size()) - answer.fields.at;
}

void draft_from_parts(const cache::Object& newest, const std::optional<HeldPart>& part,
                      Draft& draft) {
  StoredAnswer answer = StoredAnswer::of(newest);
  const std::string_view fields = answer.fields.in(newest.head());
  answer.status = part ? 206 : 200;
  answer.part = part ? part->range : ByteRange{};
  answer.whole_bytes = part ? part->whole_bytes : 0;
  wire::append_status_line(draft.head_, answer.status);
  const uint32_t before = answer.fields.at;
  const auto now = static_cast<uint32_t>(draft.head_.size());
  draft.head_.append(fields);
  for (TextPlace* place : {&answer.fields, &answer.entity_tag, &answer.last_modified, &answer.date,
                           &answer.content_type})
    if (place->size > 0) place->at = place->at - before + now;
  draft.meta_.append(bytes_of(answer));
  draft.meta_.append(newest.meta().substr(sizeof answer));
  draft.variant_.append(StoredAnswer::variant(newest));
  draft.variant_bytes_ = draft.variant_.size();
  draft.part_ = part;
  for (const cache::TagLink& tag : cache::ShardStore::tags_of(newest))
    draft.kept_tags_.push_back(tag.text);
  draft.object_ = {.variant = draft.variant_.view(),
                   .head = draft.head_.view(),
                   .meta = draft.meta_.view(),
                   .tags = draft.kept_tags_};
}

}  // namespace weir::edge
