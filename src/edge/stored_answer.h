#pragma once
// StoredAnswer: what the edge knows of a stored answer besides its bytes: the object's meta block,
// made when it is stored, read by every shard. The body is all of what the answer's URL names, or a
// part of it (206), which stands beside other parts under the same key. Places are those of the
// object's head, which is kept as it is sent:
//
//   "HTTP/1.1 200 OK\r\n" "Name: value\r\n"...      without what each answer has of its own: Age,
//                                                   Via, Cache-Status, framing, the empty line
//   meta: [StoredAnswer][Vary in its normal form][key of its language, if it names one]

#include <algorithm>
#include <string_view>

#include "base/buffer.h"
#include "edge/cache/object.h"
#include "edge/rules/byte_range.h"
#include "edge/rules/freshness.h"
#include "edge/rules/validators.h"
#include "wire/http_fields.h"

namespace weir::edge {

// A run of bytes in a text.
struct TextPlace {
  uint32_t at = 0;
  uint32_t size = 0;

  std::string_view in(std::string_view text) const { return text.substr(at, size); }
};

struct StoredAnswer {
  // Raise it when what the fields mean changes: what is on disks is then not used.
  static constexpr uint32_t format = 3;

  StoredFreshness freshness;
  WallTime stored_at{};
  MonoTime requested;      // of the origin; what is purged later is purged for this one
  bool from_disk = false;  // it came from there
  bool has_cors = false;   // fields of it, which a site may replace by its own
  uint16_t status = 0;
  uint16_t vary_bytes = 0;
  uint16_t language_bytes = 0;
  static constexpr uint8_t http2 = 2;
  uint8_t minor_version = 1;  // of the origin's HTTP/1 answer, or `http2`; for Via
  TextPlace fields;           // behind the status line
  TextPlace entity_tag;       // values of the head's fields
  TextPlace last_modified;
  TextPlace date;
  TextPlace content_type;
  ByteRange part;            // which bytes of the whole the body is, where it is not all of them
  uint64_t whole_bytes = 0;  // how many the whole has then

  bool is_part() const { return whole_bytes > 0; }
  static const StoredAnswer& of(const cache::Object& object) {
    return object.meta_as<StoredAnswer>();
  }
  // Of the object that this is the meta block of.
  static std::string_view vary(const cache::Object& object) {
    return object.meta().substr(sizeof(StoredAnswer), of(object).vary_bytes);
  }
  // The key by which those find it who would rather have its language than any other; empty: none.
  static std::string_view language_key(const cache::Object& object) {
    const StoredAnswer& answer = of(object);
    return object.meta().substr(sizeof(StoredAnswer) + answer.vary_bytes, answer.language_bytes);
  }
  // The variant that it answers. That of the object has its place among the parts behind it.
  static std::string_view variant(const cache::Object& object) {
    std::string_view variant = object.variant();
    if (of(object).is_part()) variant.remove_suffix(part_mark_bytes);
    return variant;
  }
  static constexpr size_t part_mark_bytes = 3;  // "\n#" and the place, '0' + n
  static StoredRepresentation representation(const cache::Object& object);
  // How fresh it is, with what a soft purge did to it.
  static StoredFreshness freshness_of(const cache::Object& object) {
    if (object.made_stale()) [[unlikely]]
      return of(object).freshness_since(object.stale_since());
    return of(object).freshness;
  }
  StoredFreshness freshness_since(MonoTime made_stale) const {
    StoredFreshness cut = freshness;
    if (made_stale != never) cut.lifetime = std::min(cut.lifetime, cut.age(made_stale));
    return cut;
  }
};

// Lines "Name: value\r\n", as we have written them, back into fields; views of `lines`. False when
// there are more than `out` holds.
bool read_field_lines(std::string_view lines, wire::Fields& out);

}  // namespace weir::edge
