#pragma once
// Tags of an answer, by which it can be purged: Surrogate-Key (names with spaces between) and
// Cache-Tag (names with commas between). Case matters. An answer with more tags, or longer ones,
// than are kept is not stored at all, because a purge would miss it.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "wire/http_fields.h"

namespace weir::edge {

inline constexpr size_t cache_tags_max = 128;
inline constexpr size_t cache_tag_bytes_max = 256;

// Views of the head.
class CacheTags {
 public:
  // False when there are too many or too long ones.
  bool read(const wire::Fields& response);
  std::span<const std::string_view> all() const { return {storage_.data(), count_}; }

 private:
  bool read_words(std::string_view value, char separator);
  bool add(std::string_view tag);

  std::array<std::string_view, cache_tags_max> storage_;
  uint8_t count_ = 0;
};

// What a purge may ask for.
bool is_cache_tag(std::string_view text);

}  // namespace weir::edge
