#pragma once
// The step judge: whether an origin's answer may be stored, and as what. All questions go to the
// rules; what comes of them is written down as the object that will be stored.

#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "edge/cache/object.h"
#include "edge/errand.h"
#include "edge/rules/byte_range.h"
#include "edge/rules/cache_tags.h"
#include "edge/rules/storable.h"
#include "edge/stored_answer.h"
#include "wire/http1_response.h"

namespace weir::edge {

// The texts of an object that is to be stored, and its draft, which views them and the answer.
class Draft {
 public:
  const cache::ObjectDraft& object() const { return object_; }
  // Which part of the whole it is; nothing: it is all of it.
  const std::optional<HeldPart>& part() const { return part_; }
  // The variant that it answers.
  std::string_view variant() const { return variant_.view().substr(0, variant_bytes_); }
  // Where a part stands among those of its variant.
  void put_in_place(char place);

 private:
  friend class Judge;
  friend void draft_from_parts(const cache::Object& newest, const std::optional<HeldPart>& part,
                               Draft& draft);
  Buffer head_;
  Buffer meta_;
  Buffer variant_;
  size_t variant_bytes_ = 0;  // without a part's place
  CacheTags tags_;
  std::vector<std::string_view> kept_tags_;  // of a stored object, in place of those
  std::optional<HeldPart> part_;
  cache::ObjectDraft object_;
};

class Judge {
 public:
  // All outlive it.
  Judge(const Errand& errand, const FetchTimes& times, std::string_view date_line)
      : errand_(errand), times_(times), date_line_(date_line) {}

  // An answer of an origin. Writes `draft` when the verdict is `store`; it lives no longer than the
  // answer's head.
  StoreVerdict answer(const wire::ResponseHead& head, Draft& draft) const;
  // What is stored in place of `old` after a 304, or the answer to a HEAD, confirmed it. Verdicts
  // other than `store`: it may not be kept any more.
  StoreVerdict update(const cache::Object& old, const wire::ResponseHead& fresh,
                      Draft& draft) const;
  // What is stored of parts and of the answer 206 that adds what they lack: `part` of the whole, or
  // all of it. `newest` is the newest of the parts.
  StoreVerdict combine(const cache::Object& newest, const wire::ResponseHead& rest,
                       const std::optional<HeldPart>& part, Draft& draft) const;

 private:
  StoreVerdict merge(const cache::Object& old, const wire::ResponseHead& fresh,
                     const std::optional<HeldPart>& part, Draft& draft) const;
  StoreVerdict write(const wire::ResponseHead& head, uint8_t minor_version,
                     const std::optional<HeldPart>& part, Draft& draft) const;
  void write_head(const wire::ResponseHead& head, const ResponseDirectives& directives,
                  StoredAnswer& answer, Buffer& out) const;

  const Errand& errand_;
  const FetchTimes& times_;
  std::string_view date_line_;
};

// The same as `newest`, for `part` of the whole, or all of it, where stored parts are enough.
void draft_from_parts(const cache::Object& newest, const std::optional<HeldPart>& part,
                      Draft& draft);

}  // namespace weir::edge
