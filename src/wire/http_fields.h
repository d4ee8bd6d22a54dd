#pragma once
// Fields: the header or trailer fields of a message, in order, as views of bytes that somebody else
// keeps (the connection's read buffer, as a rule), in storage that the caller gives. Never
// allocates; its bound is the size of that storage. Finding a known field that is absent costs one
// bit test, one that is present a walk over small numbers.

#include <span>
#include <string_view>

#include "wire/known_field.h"

namespace weir::wire {

struct Field {
  std::string_view name;   // as it was sent
  std::string_view value;  // without whitespace around it
  KnownField id = KnownField::unknown;
};

class Fields {
 public:
  Fields() = default;
  explicit Fields(std::span<Field> storage) : storage_(storage) {}

  // False when the storage is full.
  bool push(const Field& field) {
    if (size_ == storage_.size()) [[unlikely]]
      return false;
    storage_[size_++] = field;
    if (present_.contains(field.id)) repeated_.add(field.id);
    present_.add(field.id);
    return true;
  }
  // `name` must be a token.
  bool push(std::string_view name, std::string_view value) {
    return push({name, value, known_field(name)});
  }
  void clear() {
    size_ = 0;
    present_ = repeated_ = {};
  }

  size_t size() const { return size_; }
  size_t capacity() const { return storage_.size(); }
  bool empty() const { return size_ == 0; }
  const Field* begin() const { return storage_.data(); }
  const Field* end() const { return storage_.data() + size_; }
  const Field& operator[](size_t i) const { return storage_[i]; }

  // For all but `unknown`: whether any, and whether more than one, is there.
  bool has(KnownField id) const { return present_.contains(id); }
  bool has_any(const KnownFieldSet& ids) const { return present_.intersects(ids); }
  bool repeated(KnownField id) const { return repeated_.contains(id); }
  size_t count(KnownField id) const;
  // The first of that name, or nullptr.
  const Field* find(KnownField id) const;
  const Field* find(std::string_view name) const;
  // The value of the first of that name, or empty.
  std::string_view value(KnownField id) const;

 private:
  std::span<Field> storage_;
  size_t size_ = 0;
  KnownFieldSet present_;
  KnownFieldSet repeated_;
};

// The elements of a comma-separated list (RFC 9110 5.6.1), across all fields of one name, in order.
// A comma inside a quoted string does not separate; empty elements are skipped; whitespace around
// an element is cut.
class ListElements {
 public:
  ListElements(const Fields& fields, KnownField id)
      : next_field_(fields.has(id) ? fields.begin() : fields.end()), end_(fields.end()), id_(id) {}
  explicit ListElements(std::string_view value) : rest_(value) {}

  // The next element into `element`; false when there is none, or the list is malformed.
  bool next(std::string_view& element);
  // Whether it stopped at a quoted string without an end.
  bool malformed() const { return malformed_; }

 private:
  bool next_of_rest(std::string_view& element);

  std::string_view rest_;
  const Field* next_field_ = nullptr;
  const Field* end_ = nullptr;
  KnownField id_ = KnownField::unknown;
  bool malformed_ = false;
};

// Whether the list in these fields has this element, without regard to case.
bool list_contains(const Fields& fields, KnownField id, std::string_view element);

// `text` without spaces and tabs at both ends.
std::string_view trim_ows(std::string_view text);

}  // namespace weir::wire
