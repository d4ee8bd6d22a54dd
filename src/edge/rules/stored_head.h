#pragma once
// The fields of a stored answer: which are kept (RFC 9111 3.1), and what a 304 or the answer to a
// HEAD changes in them (3.2, 4.3.4, 4.3.5).

#include <cstdint>
#include <optional>

#include "edge/rules/cache_control.h"
#include "edge/rules/validators.h"
#include "wire/http1_write.h"
#include "wire/http_fields.h"

namespace weir::edge {

// Tells the fields of an answer that are kept with it. Left out: those of one connection, those for
// a proxy, what no-cache="..." and private="..." name, Age (we write our own), Cache-Status (it
// tells of another request). Built once an answer.
class StorableFields {
 public:
  StorableFields(const wire::Fields& response, const ResponseDirectives& directives);
  bool operator()(const wire::Field& field) const;

 private:
  const wire::Fields& response_;
  wire::HopByHop hop_by_hop_;
  DirectiveSource source_;
  bool withholds_;
};

// Whether this field of a 304 takes the place of the stored ones of its name. Not those that
// describe the stored bytes themselves.
bool replaces_stored(const wire::Field& field);

// The stored head after a 304 (or a HEAD) confirmed it: fields of `fresh` that are stored and
// replace take the place of all stored ones of their name; the others stay. Views of both. False
// when `out` is full.
bool merge_heads(const wire::Fields& stored, const wire::Fields& fresh,
                 const ResponseDirectives& fresh_directives, wire::Fields& out);

enum class HeadEffect : uint8_t {
  none,        // it says nothing about the stored answer
  update,      // as a 304 would
  invalidate,  // the stored answer is another one
};
// What the answer to a HEAD does to a stored answer to GET with `stored_length` bytes.
HeadEffect head_effect(uint16_t status, const wire::Fields& answer, const Validators& stored,
                       std::optional<uint64_t> stored_length);

}  // namespace weir::edge
