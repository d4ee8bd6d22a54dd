#pragma once
// Dictionaries of Structured Fields (RFC 9651 3.2, 4.2.2), read strictly over all fields of one
// name: one fault, and the whole dictionary does not exist. Of a member only its key, its type and
// the text of its value are told; parameters and inner lists are checked and skipped. Views of the
// message; never allocates.

#include <cstdint>
#include <string_view>

#include "wire/http_fields.h"

namespace weir::edge {

struct DictionaryMember {
  enum class Type : uint8_t {
    integer,
    decimal,
    string,  // `value` without its quotes, escapes as they were sent
    token,
    bytes,
    boolean,
    date,
    display_string,
    inner_list,
  };

  std::string_view key;
  Type type = Type::boolean;
  std::string_view value;  // as it was sent; empty for boolean and inner_list
  bool truth = false;      // of boolean
};

// Members as they come; one whose key comes again later is told each time. Whoever reads must look
// at failed() at the end, because faults are found on the way.
class DictionaryReader {
 public:
  DictionaryReader(const wire::Fields& fields, wire::KnownField id)
      : next_field_(fields.has(id) ? fields.begin() : fields.end()), end_(fields.end()), id_(id) {}
  explicit DictionaryReader(std::string_view value) : rest_(value) {}

  bool next(DictionaryMember& member);
  bool failed() const { return failed_; }

 private:
  bool next_field();

  std::string_view rest_;
  const wire::Field* next_field_ = nullptr;
  const wire::Field* end_ = nullptr;
  wire::KnownField id_ = wire::KnownField::unknown;
  bool failed_ = false;
};

}  // namespace weir::edge
