#include "edge/rules/cache_control.h"

#include <algorithm>

#include "edge/rules/structured_dictionary.h"
#include "wire/scan.h"

namespace weir::edge {
namespace {

using wire::equal_ignoring_case;
using wire::KnownField;

// One element of Cache-Control, taken apart: token [ "=" ( token / quoted-string ) ].
struct Directive {
  std::string_view name;
  std::string_view argument;  // without quotes
  bool has_argument = false;
  bool replaces = false;  // what stood before it under its name

  bool is(std::string_view known) const { return equal_ignoring_case(name, known); }
};

// Whitespace around '=' is no part of the syntax. It is dropped on the side of the name, so that
// "no-store =x" forbids what its author wanted forbidden, and stays in the argument, where it makes
// a number invalid.
Directive parse_directive(std::string_view element) {
  const size_t equals = element.find('=');
  if (equals == element.npos) return {element, {}, false};
  Directive directive{wire::trim_ows(element.substr(0, equals)), element.substr(equals + 1), true};
  if (directive.name.size() != equals) directive.argument = " ";
  std::string_view& argument = directive.argument;
  if (argument.size() >= 2 && argument.starts_with('"') && argument.ends_with('"'))
    argument = argument.substr(1, argument.size() - 2);
  return directive;
}

// Of several the first counts (RFC 9111 4.2.1), in a dictionary the last (RFC 9651 4.2.2).
void take_seconds(DeltaSeconds& into, const Directive& directive) {
  if (directive.replaces || !into.present()) into = parse_delta_seconds(directive.argument);
}

bool take_flag(ResponseDirectives& out, const Directive& directive) {
  struct Flag {
    std::string_view name;
    bool ResponseDirectives::* member;
  };
  static constexpr Flag flags[] = {
      {"no-store", &ResponseDirectives::no_store},
      {"public", &ResponseDirectives::is_public},
      {"must-revalidate", &ResponseDirectives::must_revalidate},
      {"proxy-revalidate", &ResponseDirectives::proxy_revalidate},
      {"must-understand", &ResponseDirectives::must_understand},
      {"immutable", &ResponseDirectives::immutable},
      {"no-transform", &ResponseDirectives::no_transform},
  };
  for (const Flag& flag : flags) {
    if (!directive.is(flag.name)) continue;
    out.*flag.member = true;
    return true;
  }
  return false;
}

// no-cache and private: of the whole answer, or of the fields that they name. An argument that
// names nothing means the whole.
void take_qualified(bool& whole, ResponseDirectives& out, std::string_view names) {
  std::string_view name;
  if (wire::ListElements(names).next(name))
    out.withholds_fields = true;
  else
    whole = true;
}

void take(ResponseDirectives& out, const Directive& directive) {
  if (take_flag(out, directive)) return;
  if (directive.is("no-cache")) return take_qualified(out.no_cache, out, directive.argument);
  if (directive.is("private")) return take_qualified(out.is_private, out, directive.argument);
  if (directive.is("max-age")) return take_seconds(out.max_age, directive);
  if (directive.is("s-maxage")) return take_seconds(out.s_maxage, directive);
  if (directive.is("stale-while-revalidate"))
    return take_seconds(out.stale_while_revalidate, directive);
  if (directive.is("stale-if-error")) take_seconds(out.stale_if_error, directive);
}

void take(RequestDirectives& out, const Directive& directive) {
  if (directive.is("no-store")) out.no_store = true;
  if (directive.is("no-cache")) out.no_cache = true;
  if (directive.is("only-if-cached")) out.only_if_cached = true;
  if (directive.is("no-transform")) out.no_transform = true;
  if (directive.is("max-age")) take_seconds(out.max_age, directive);
  if (directive.is("min-fresh")) take_seconds(out.min_fresh, directive);
  if (directive.is("stale-if-error")) take_seconds(out.stale_if_error, directive);
  if (!directive.is("max-stale")) return;
  if (directive.has_argument)
    take_seconds(out.max_stale, directive);
  else
    out.any_stale = true;
}

// A dictionary gives every directive its type (RFC 9213 2.1); another type is no value.
Directive directive_of(const DictionaryMember& member) {
  const bool number = member.type == DictionaryMember::Type::integer;
  const bool text =
      member.type == DictionaryMember::Type::string || member.type == DictionaryMember::Type::token;
  Directive directive{member.key, {}, member.type != DictionaryMember::Type::boolean, true};
  if (number || text) directive.argument = member.value;
  // Seconds are integers; "60" and 60.0 are not.
  if (text && parse_delta_seconds(member.value).valid()) directive.argument = " ";
  return directive;
}

bool names_field(const Directive& directive, std::string_view name) {
  if (!directive.is("no-cache") && !directive.is("private")) return false;
  wire::ListElements names(directive.argument);
  for (std::string_view listed; names.next(listed);)
    if (equal_ignoring_case(listed, name)) return true;
  return false;
}

}  // namespace

DeltaSeconds parse_delta_seconds(std::string_view text) {
  if (text.empty()) return DeltaSeconds::invalid();
  int64_t value = 0;
  for (const char c : text) {
    if (!wire::is_digit(static_cast<unsigned char>(c))) return DeltaSeconds::invalid();
    value = std::min(value * 10 + (c - '0'), int64_t{delta_seconds_max.count()});
  }
  return DeltaSeconds(std::chrono::seconds(value));
}

ResponseDirectives parse_cache_control(const wire::Fields& response) {
  ResponseDirectives out;
  if (!response.has(KnownField::cache_control)) return out;
  out.source = DirectiveSource::cache_control;
  wire::ListElements list(response, KnownField::cache_control);
  for (std::string_view element; list.next(element);)
    take(out, parse_directive(element));
  // What stood behind the open quote may have been no-store.
  out.malformed = list.malformed();
  out.no_store |= out.malformed;
  return out;
}

ResponseDirectives parse_cdn_cache_control(const wire::Fields& response) {
  ResponseDirectives out;
  DictionaryReader reader(response, KnownField::cdn_cache_control);
  for (DictionaryMember member; reader.next(member);) {
    out.source = DirectiveSource::cdn_cache_control;
    // "?0" says no.
    if (member.type == DictionaryMember::Type::boolean && !member.truth) continue;
    take(out, directive_of(member));
  }
  return reader.failed() ? ResponseDirectives() : out;
}

ResponseDirectives response_directives(const wire::Fields& response) {
  if (response.has(KnownField::cdn_cache_control)) [[unlikely]] {
    const ResponseDirectives targeted = parse_cdn_cache_control(response);
    if (targeted.source != DirectiveSource::none) return targeted;
  }
  return parse_cache_control(response);
}

bool is_withheld(const wire::Fields& response, DirectiveSource source, std::string_view name) {
  if (source == DirectiveSource::cache_control) {
    wire::ListElements list(response, KnownField::cache_control);
    for (std::string_view element; list.next(element);)
      if (names_field(parse_directive(element), name)) return true;
  } else if (source == DirectiveSource::cdn_cache_control) {
    DictionaryReader reader(response, KnownField::cdn_cache_control);
    for (DictionaryMember member; reader.next(member);)
      if (names_field(directive_of(member), name)) return true;
  }
  return false;
}

RequestDirectives request_directives(const wire::Fields& request) {
  RequestDirectives out;
  if (!request.has(KnownField::cache_control)) {
    out.no_cache = request.has(KnownField::pragma) &&
                   wire::list_contains(request, KnownField::pragma, "no-cache");
    return out;
  }
  wire::ListElements list(request, KnownField::cache_control);
  for (std::string_view element; list.next(element);)
    take(out, parse_directive(element));
  return out;
}

}  // namespace weir::edge
