#include "edge/rules/weighted_list.h"

#include <algorithm>
#include <optional>

#include "wire/scan.h"

namespace weir::edge {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// RFC 9110 12.4.2: "0" or "1" with at most three digits behind a point, none of them above 1.
std::optional<uint16_t> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * WeightedList::weight_max;
  int unit = WeightedList::weight_max;
  for (const char c : text.substr(std::min<size_t>(2, text.size()))) {
    if (!wire::is_digit(static_cast<unsigned char>(c))) return std::nullopt;
    unit /= 10;
    weight += (c - '0') * unit;
  }
  if (weight > WeightedList::weight_max) return std::nullopt;
  return static_cast<uint16_t>(weight);
}

// name [OWS ";" OWS "q=" weight]
std::optional<WeightedList::Entry> parse_entry(std::string_view element) {
  const size_t semicolon = std::min(element.find(';'), element.size());
  WeightedList::Entry entry{wire::trim_ows(element.substr(0, semicolon))};
  if (!wire::is_token(entry.name)) return std::nullopt;
  if (semicolon == element.size()) return entry;
  const std::string_view parameter = wire::trim_ows(element.substr(semicolon + 1));
  if (parameter.size() < 2 || lower(parameter[0]) != 'q' || parameter[1] != '=')
    return std::nullopt;
  const auto weight = parse_weight(parameter.substr(2));
  if (!weight) return std::nullopt;
  entry.weight = *weight;
  return entry;
}

}  // namespace

bool WeightedList::read(const wire::Fields& fields, wire::KnownField id) {
  count_ = 0;
  wire::ListElements list(fields, id);
  for (std::string_view element; list.next(element);) {
    const auto entry = parse_entry(element);
    if (!entry) return false;
    if (find(entry->name)) continue;
    if (count_ == storage_.size()) return false;
    storage_[count_++] = *entry;
  }
  return !list.malformed();
}

void WeightedList::sort() {
  std::ranges::sort(storage_.begin(), storage_.begin() + count_,
                    [](const Entry& a, const Entry& b) {
                      if (a.weight != b.weight) return a.weight > b.weight;
                      return std::ranges::lexicographical_compare(a.name, b.name, {}, lower, lower);
                    });
}

const WeightedList::Entry* WeightedList::find(std::string_view name) const {
  for (const Entry& entry : all())
    if (wire::equal_ignoring_case(entry.name, name)) return &entry;
  return nullptr;
}

}  // namespace weir::edge
