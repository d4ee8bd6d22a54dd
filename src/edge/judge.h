#pragma once
// The step judge: whether an origin's answer may be stored, and as what. All questions go to the
// rules; what comes of them is written down as the object that will be stored.

#include <string>

#include "base/buffer.h"
#include "edge/cache/object.h"
#include "edge/errand.h"
#include "edge/rules/cache_tags.h"
#include "edge/rules/storable.h"
#include "edge/stored_answer.h"
#include "wire/http1_response.h"

namespace weir::edge {

// The texts of an object that is to be stored, and its draft, which views them and the answer.
class Draft {
 public:
  const cache::ObjectDraft& object() const { return object_; }

 private:
  friend class Judge;
  Buffer head_;
  Buffer meta_;
  Buffer variant_;
  CacheTags tags_;
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

 private:
  StoreVerdict write(const wire::ResponseHead& head, uint8_t minor_version, Draft& draft) const;
  void write_head(const wire::ResponseHead& head, const ResponseDirectives& directives,
                  StoredAnswer& answer, Buffer& out) const;

  const Errand& errand_;
  const FetchTimes& times_;
  std::string_view date_line_;
};

}  // namespace weir::edge
