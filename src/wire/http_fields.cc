#include "wire/http_fields.h"

#include "wire/scan.h"

namespace weir::wire {
namespace {

// Where the element at the start of `list` ends: at a comma outside quotes or at the end of `list`;
// npos when a quoted string has no end.
size_t element_end(std::string_view list) {
  bool quoted = false;
  for (size_t i = 0; i < list.size(); ++i) {
    const char c = list[i];
    if (c == '"') quoted = !quoted;
    if (c == '\\' && quoted) ++i;
    if (c == ',' && !quoted) return i;
  }
  return quoted ? std::string_view::npos : list.size();
}

}  // namespace

size_t Fields::count(KnownField id) const {
  if (!has(id)) return 0;
  size_t found = 0;
  for (const Field& field : *this)
    found += field.id == id;
  return found;
}

const Field* Fields::find(KnownField id) const {
  if (!has(id)) return nullptr;
  for (const Field& field : *this)
    if (field.id == id) return &field;
  return nullptr;
}

const Field* Fields::find(std::string_view name) const {
  for (const Field& field : *this)
    if (equal_ignoring_case(field.name, name)) return &field;
  return nullptr;
}

std::string_view Fields::value(KnownField id) const {
  const Field* field = find(id);
  return field ? field->value : std::string_view();
}

bool ListElements::next(std::string_view& element) {
  while (!malformed_) {
    if (next_of_rest(element)) return true;
    while (next_field_ != end_ && next_field_->id != id_)
      ++next_field_;
    if (malformed_ || next_field_ == end_) return false;
    rest_ = (next_field_++)->value;
  }
  return false;
}

bool ListElements::next_of_rest(std::string_view& element) {
  while (!rest_.empty()) {
    const size_t end = element_end(rest_);
    if (end == std::string_view::npos) {
      malformed_ = true;
      return false;
    }
    element = trim_ows(rest_.substr(0, end));
    rest_.remove_prefix(end == rest_.size() ? end : end + 1);
    if (!element.empty()) return true;
  }
  return false;
}

bool list_contains(const Fields& fields, KnownField id, std::string_view element) {
  ListElements list(fields, id);
  for (std::string_view found; list.next(found);)
    if (equal_ignoring_case(found, element)) return true;
  return false;
}

std::string_view trim_ows(std::string_view text) {
  while (!text.empty() && is_ows(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_ows(text.back()))
    text.remove_suffix(1);
  return text;
}

}  // namespace weir::wire
