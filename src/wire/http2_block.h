#pragma once
// Http2Block: the fields of one HTTP/2 header or trailer section, decoded, pseudo-header fields
// among them, in order, in memory of its own. A value that is emptied and used again; whoever adds
// checks its limits.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "wire/known_field.h"

namespace weir::wire {

class Http2Block {
 public:
  // What a field counts beyond its name and value (RFC 9113 6.5.2).
  static constexpr size_t field_overhead = 32;

  // `id` counts for those that are checked() only.
  void add(std::string_view name, std::string_view value, KnownField id = KnownField::unknown) {
    entries_.push_back({static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(name.size()),
                        static_cast<uint32_t>(value.size()), id});
    bytes_.append(name);
    bytes_.append(value);
  }
  size_t count() const { return entries_.size(); }
  // Valid until the next add(). `index` < count().
  std::string_view name(size_t index) const {
    return bytes_.view().substr(entries_[index].at, entries_[index].name_size);
  }
  std::string_view value(size_t index) const {
    const Entry& entry = entries_[index];
    return bytes_.view().substr(entry.at + entry.name_size, entry.value_size);
  }
  KnownField id(size_t index) const { return entries_[index].id; }
  // Names are tokens in lower case and values have no control characters (http2_section.h).
  bool checked() const { return checked_; }
  void mark_checked() { checked_ = true; }
  // Which section of its connection this is again; 0: none that came before. Those of one number
  // are the same.
  uint64_t repeats() const { return repeats_; }
  void mark_repeats(uint64_t number) { repeats_ = number; }
  // Of all names and values, one behind the other.
  std::string_view bytes() const { return bytes_.view(); }
  // As a peer's limit counts it.
  size_t size() const { return bytes_.size() + entries_.size() * field_overhead; }
  // What its memory is, about.
  size_t capacity() const { return bytes_.capacity() + entries_.capacity() * sizeof(Entry); }
  // What did not fit was left out.
  bool cut_short() const { return cut_short_; }
  void cut_here() { cut_short_ = true; }

  void clear() {
    bytes_.clear();
    entries_.clear();
    cut_short_ = checked_ = false;
    repeats_ = 0;
  }
  void copy_of(const Http2Block& other) {
    bytes_.clear();
    bytes_.append(other.bytes_.view());
    entries_ = other.entries_;
    cut_short_ = other.cut_short_;
    checked_ = other.checked_;
    repeats_ = other.repeats_;
  }
  void swap(Http2Block& other) noexcept {
    bytes_.swap(other.bytes_);
    entries_.swap(other.entries_);
    std::swap(cut_short_, other.cut_short_);
    std::swap(checked_, other.checked_);
    std::swap(repeats_, other.repeats_);
  }

 private:
  struct Entry {
    uint32_t at;
    uint32_t name_size;
    uint32_t value_size;
    KnownField id;
  };
  Buffer bytes_;
  std::vector<Entry> entries_;
  bool cut_short_ = false;
  bool checked_ = false;
  uint64_t repeats_ = 0;
};

}  // namespace weir::wire
