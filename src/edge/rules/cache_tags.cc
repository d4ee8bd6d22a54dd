#include "edge/rules/cache_tags.h"

#include <algorithm>

#include "wire/scan.h"

namespace weir::edge {

using wire::KnownField;

bool is_cache_tag(std::string_view text) {
  return !text.empty() && text.size() <= cache_tag_bytes_max && !text.contains(',') &&
         wire::all_of(wire::value_bytes, text) && wire::trim_ows(text).size() == text.size();
}

bool CacheTags::add(std::string_view tag) {
  if (tag.empty() || std::ranges::find(all(), tag) != all().end()) return true;
  if (!is_cache_tag(tag) || count_ == storage_.size()) return false;
  storage_[count_++] = tag;
  return true;
}

bool CacheTags::read_words(std::string_view value, char separator) {
  while (!value.empty()) {
    const size_t end = std::min(value.find(separator), value.size());
    if (!add(wire::trim_ows(value.substr(0, end)))) return false;
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return true;
}

bool CacheTags::read(const wire::Fields& response) {
  count_ = 0;
  if (!response.has_any(wire::KnownFieldSet(KnownField::surrogate_key, KnownField::cache_tag)))
    return true;
  for (const wire::Field& field : response) {
    if (field.id == KnownField::surrogate_key && !read_words(field.value, ' ')) return false;
    if (field.id == KnownField::cache_tag && !read_words(field.value, ',')) return false;
  }
  return true;
}

}  // namespace weir::edge
