#pragma once
// WeightedList: a list of names with weights, as in Accept-Language and Accept-Encoding (RFC 9110
// 12.4.2). Bounded; views of the message; never allocates.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "wire/http_fields.h"

namespace weir::edge {

class WeightedList {
 public:
  static constexpr size_t entries_max = 32;
  static constexpr uint16_t weight_max = 1000;

  struct Entry {
    std::string_view name;
    uint16_t weight = weight_max;  // in thousandths
  };

  // False when the list is malformed or too long. A name that comes again counts once, with its
  // first weight.
  bool read(const wire::Fields& fields, wire::KnownField id);
  // The most wanted first, equals by name.
  void sort();
  std::span<const Entry> all() const { return {storage_.data(), count_}; }
  // Without regard to case; nullptr when it is not there.
  const Entry* find(std::string_view name) const;

 private:
  std::array<Entry, entries_max> storage_;
  uint8_t count_ = 0;
};

}  // namespace weir::edge
