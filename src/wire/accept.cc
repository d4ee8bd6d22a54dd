#include "wire/accept.h"

#include <algorithm>

#include "wire/scan.h"

namespace weir::wire {
namespace {

constexpr int weight_max = 1000;

// RFC 9110 12.4.2: "0" ["." 0*3DIGIT] or "1" ["." 0*3"0"], in thousandths; -1 for anything else.
int parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
  if (text.size() > 1 && text[1] != '.') return -1;
  int weight = (text[0] - '0') * weight_max;
  int unit = weight_max;
  for (const char c : text.substr(std::min<size_t>(2, text.size()))) {
    if (!is_digit(static_cast<unsigned char>(c))) return -1;
    unit /= 10;
    weight += (c - '0') * unit;
  }
  return weight <= weight_max ? weight : -1;
}

// Of the parameters behind a media range; -1 where q is malformed.
int weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view parameter = trim_ows(parameters.substr(0, end));
    parameters.remove_prefix(std::min(end + 1, parameters.size()));
    if (parameter.size() >= 2 && (parameter[0] | 0x20) == 'q' && parameter[1] == '=')
      return parse_weight(parameter.substr(2));
  }
  return weight_max;
}

// How closely a media range covers the type: 3 names it, 2 "type/*", 1 "*/*", 0 not at all.
int closeness(std::string_view range, std::string_view type, std::string_view subtype) {
  const size_t slash = range.find('/');
  if (slash == std::string_view::npos) return 0;
  const std::string_view range_type = range.substr(0, slash);
  const std::string_view range_subtype = range.substr(slash + 1);
  if (range_type == "*") return range_subtype == "*" ? 1 : 0;
  if (!equal_ignoring_case(range_type, type)) return 0;
  if (range_subtype == "*") return 2;
  return equal_ignoring_case(range_subtype, subtype) ? 3 : 0;
}

}  // namespace

int accept_weight(const Fields& fields, std::string_view type, std::string_view subtype) {
  if (!fields.has(KnownField::accept)) return weight_max;
  int closest = 0, weight = 0;
  ListElements list(fields, KnownField::accept);
  for (std::string_view element; list.next(element);) {
    const size_t semicolon = std::min(element.find(';'), element.size());
    const int close = closeness(trim_ows(element.substr(0, semicolon)), type, subtype);
    const int element_weight = weight_of(element.substr(semicolon));
    if (close <= closest || element_weight < 0) continue;
    closest = close;
    weight = element_weight;
  }
  return weight;
}

bool prefers_json(const Fields& fields) {
  return accept_weight(fields, "application", "json") > accept_weight(fields, "text", "html");
}

}  // namespace weir::wire
