#include "wire/http2_section.h"

#include <utility>

#include "base/units.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

// A token in lower case.
constexpr ByteSet name_bytes = make_byte_set([](unsigned char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') ||
         (c != 0 && std::string_view("!#$%&'*+-.^_`|~").contains(static_cast<char>(c)));
});
// What could end a line or a word of it in HTTP/1.1 is in no path.
constexpr ByteSet path_bytes = make_byte_set([](unsigned char c) { return c > 0x20 && c != 0x7f; });
constexpr KnownFieldSet connection_specific(KnownField::connection, KnownField::keep_alive,
                                            KnownField::proxy_connection,
                                            KnownField::transfer_encoding, KnownField::upgrade);

bool is_value(std::string_view value) {
  if (value.empty()) return true;
  return !is_ows(value.front()) && !is_ows(value.back()) && all_of(value_bytes, value);
}

}  // namespace

KnownField Http2Section::add(std::string_view name, std::string_view value) {
  if (name.empty() || !is_value(value)) {
    malformed_ = true;
    return KnownField::unknown;
  }
  if (name.front() != ':') return add_regular(name, value);
  add_pseudo(name, value);
  return KnownField::unknown;
}

void Http2Section::add_pseudo(std::string_view name, std::string_view value) {
  const uint8_t which = name == ":method"      ? method
                        : name == ":path"      ? path
                        : name == ":scheme"    ? scheme
                        : name == ":authority" ? authority
                                               : 0;
  const bool may_be_empty = which == authority;
  if (trailers_ || regular_ || which == 0 || (pseudo_ & which) || (value.empty() && !may_be_empty))
    malformed_ = true;
  pseudo_ |= which;
  if (which == path) malformed_ |= !all_of(path_bytes, value);
  connect_ |= which == method && value == "CONNECT";
}

KnownField Http2Section::add_regular(std::string_view name, std::string_view value) {
  regular_ = true;
  if (!all_of(name_bytes, name)) {
    malformed_ = true;
    return KnownField::unknown;
  }
  const KnownField id = known_field(name);
  malformed_ |= connection_specific.contains(id);
  if (id == KnownField::te) malformed_ |= !equal_ignoring_case(value, "trailers");
  if (id == KnownField::host) malformed_ |= std::exchange(host_, true);
  if (id == KnownField::content_length && !trailers_) {
    const Result<uint64_t> length = parse_u64(value);
    malformed_ |= content_length_.has_value() || !length;
    if (length) content_length_ = *length;
  }
  return id;
}

bool Http2Section::complete() const {
  if (connect_) return pseudo_ == (method | authority);
  constexpr uint8_t needed = method | scheme | path;
  return (pseudo_ & needed) == needed && (host_ || (pseudo_ & authority));
}

}  // namespace weir::wire
