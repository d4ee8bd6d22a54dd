#include "edge/rules/vary.h"

#include <algorithm>
#include <array>
#include <span>

#include "edge/rules/weighted_list.h"
#include "wire/scan.h"

namespace weir::edge {
namespace {

using wire::equal_ignoring_case;
using wire::KnownField;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

void append_lower(Buffer& out, std::string_view text) {
  char* p = out.reserve(text.size());
  std::ranges::transform(text, p, lower);
  out.commit(text.size());
}

bool less_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
}

struct VaryNames {
  std::array<std::string_view, vary_names_max> storage;
  size_t count = 0;

  std::span<std::string_view> all() { return {storage.data(), count}; }
  // False when there is no room.
  bool add(std::string_view name) {
    for (const std::string_view known : all())
      if (equal_ignoring_case(known, name)) return true;
    if (count == storage.size()) return false;
    storage[count++] = name;
    return true;
  }
};

// What is no name of a field cannot be followed; what stands behind an open quote neither.
VaryKind read_vary(const wire::Fields& response, VaryNames& names) {
  size_t bytes = 0;
  bool fits = true;
  wire::ListElements list(response, KnownField::vary);
  for (std::string_view element; list.next(element);) {
    if (element == "*" || !wire::is_token(element)) return VaryKind::any;
    bytes += element.size() + 1;
    fits &= bytes <= vary_bytes_max && names.add(element);
  }
  if (list.malformed()) return VaryKind::any;
  if (!fits) return VaryKind::limit;
  return names.count == 0 ? VaryKind::none : VaryKind::names;
}

// Calls visit(name) for each name of a normal form.
template <class Visit>
void each_name(std::string_view vary, Visit visit) {
  while (!vary.empty()) {
    const size_t end = std::min(vary.find(','), vary.size());
    visit(vary.substr(0, end));
    vary.remove_prefix(std::min(end + 1, vary.size()));
  }
}

// Whitespace beside commas outside quotes is dropped (RFC 9111 4.1); all else stays, because we do
// not know what it means.
void append_normal_value(Buffer& out, std::string_view value) {
  bool quoted = false;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\' && i + 1 < value.size()) {
      out.append(value.substr(i++, 2));
      continue;
    }
    if (wire::is_ows(c) && !quoted) {
      const size_t next = value.find_first_not_of(" \t", i);
      const bool before = next == value.npos || value[next] == ',';
      if (before || (!out.empty() && out.view().back() == ',')) continue;
    }
    out.append(c);
  }
}

// Fields of one name are one list (RFC 9110 5.3). Absent is not the same as empty: it has no '='.
void append_field_key(Buffer& out, std::string_view name, const wire::Fields& request) {
  char separator = '=';
  const KnownField id = wire::known_field(name);
  for (const wire::Field& field : request) {
    const bool same =
        id != KnownField::unknown ? field.id == id : equal_ignoring_case(field.name, name);
    if (!same) continue;
    out.append(separator);
    append_normal_value(out, field.value);
    separator = ',';
  }
}

// Weight and language, the most wanted first, equals by name; weights only where they differ from
// the best: "de,en" and "DE, en;q=1" are the same wish.
void append_languages(Buffer& out, const wire::Fields& request) {
  if (!request.has(KnownField::accept_language)) return;
  WeightedList list;
  // What we cannot take apart is compared as it is.
  if (!list.read(request, KnownField::accept_language))
    return append_field_key(out, wire::field_name(KnownField::accept_language), request);
  list.sort();
  char separator = '=';
  for (const WeightedList::Entry& entry : list.all()) {
    out.append(separator);
    append_lower(out, entry.name);
    separator = ',';
    if (entry.weight == WeightedList::weight_max) continue;
    out.append(';');
    out.append(static_cast<char>('0' + entry.weight / 100));
    out.append(static_cast<char>('0' + entry.weight / 10 % 10));
    out.append(static_cast<char>('0' + entry.weight % 10));
  }
}

void append_codings(Buffer& out, const wire::Fields& request) {
  const AcceptedCodings codings = accepted_codings(request);
  out.append('=');
  append_accept_encoding(out, codings);
}

// `language` empty: what Accept-Language says.
bool append_key(Buffer& out, std::string_view vary, const wire::Fields& request,
                std::string_view language) {
  const size_t begin = out.size();
  each_name(vary, [&](std::string_view name) {
    if (out.size() - begin > variant_key_bytes_max) return;
    const KnownField id = wire::known_field(name);
    if (id == KnownField::accept_encoding) {
      append_codings(out, request);
    } else if (id == KnownField::accept_language && !language.empty()) {
      out.append('>');
      append_lower(out, language);
    } else if (id == KnownField::accept_language) {
      append_languages(out, request);
    } else {
      append_field_key(out, name, request);
    }
    // No value holds a control byte.
    out.append('\n');
  });
  if (out.size() - begin <= variant_key_bytes_max) return true;
  out.truncate(begin);
  return false;
}

}  // namespace

VaryKind vary_kind(const wire::Fields& response) {
  if (!response.has(KnownField::vary)) return VaryKind::none;
  VaryNames names;
  return read_vary(response, names);
}

VaryKind append_vary(Buffer& out, const wire::Fields& response) {
  if (!response.has(KnownField::vary)) return VaryKind::none;
  VaryNames names;
  const VaryKind kind = read_vary(response, names);
  if (kind != VaryKind::names) return kind;
  std::ranges::sort(names.all(), less_ignoring_case);
  for (const std::string_view name : names.all()) {
    if (name.data() != names.storage[0].data()) out.append(',');
    append_lower(out, name);
  }
  return kind;
}

bool vary_has(std::string_view vary, std::string_view name) {
  bool found = false;
  each_name(vary, [&](std::string_view listed) { found |= listed == name; });
  return found;
}

bool append_variant_key(Buffer& out, std::string_view vary, const wire::Fields& request) {
  return append_key(out, vary, request, {});
}

bool append_language_key(Buffer& out, std::string_view vary, const wire::Fields& request,
                         std::string_view language) {
  return append_key(out, vary, request, language);
}

std::string_view preferred_language(const wire::Fields& request) {
  WeightedList list;
  if (!list.read(request, KnownField::accept_language) || list.all().empty()) return {};
  list.sort();
  const auto all = list.all();
  const bool alone = all.size() == 1 || all[1].weight < all[0].weight;
  return alone && all[0].weight > 0 && all[0].name != "*" ? all[0].name : std::string_view();
}

AcceptedCodings accepted_codings(const wire::Fields& request) {
  WeightedList list;
  AcceptedCodings out;
  if (!list.read(request, KnownField::accept_encoding)) return out;
  // RFC 9110 12.5.3: "*" stands for all that are not named.
  const WeightedList::Entry* any = list.find("*");
  const auto accepts = [&](std::string_view name, std::string_view old_name = {}) {
    const WeightedList::Entry* entry = list.find(name);
    if (!entry && !old_name.empty()) entry = list.find(old_name);
    if (!entry) entry = any;
    return entry && entry->weight > 0;
  };
  out.br = accepts("br");
  out.gzip = accepts("gzip", "x-gzip");
  out.zstd = accepts("zstd");
  return out;
}

void append_accept_encoding(Buffer& out, const AcceptedCodings& codings) {
  std::string_view before;
  const auto append = [&](bool accepted, std::string_view name) {
    if (!accepted) return;
    out.append(before);
    out.append(name);
    before = ", ";
  };
  append(codings.br, "br");
  append(codings.gzip, "gzip");
  append(codings.zstd, "zstd");
}

bool is_keyed_coding(const wire::Fields& response) {
  wire::ListElements list(response, KnownField::content_encoding);
  for (std::string_view coding; list.next(coding);) {
    const bool keyed = equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "br") ||
                       equal_ignoring_case(coding, "zstd") ||
                       equal_ignoring_case(coding, "x-gzip") ||
                       equal_ignoring_case(coding, "identity");
    if (!keyed) return false;
  }
  return !list.malformed();
}

}  // namespace weir::edge
