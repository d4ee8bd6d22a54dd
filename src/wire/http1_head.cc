#include "wire/http1_head.h"

#include <algorithm>
#include <cstring>

#include "wire/scan.h"

namespace weir::wire {
namespace {

HeadResult bad_name(const char* name, size_t size) {
  const char stop = name[size];
  if (size == 0 && is_ows(stop))
    return HeadResult::malformed_with(400, "a field line is folded or starts with whitespace");
  if (size == 0 && stop == '\n') return HeadResult::malformed_with(400, "a line ends in a bare LF");
  if (size == 0 && stop == ':') return HeadResult::malformed_with(400, "a field has no name");
  if (is_ows(stop))
    return HeadResult::malformed_with(400, "whitespace between a field's name and its colon");
  return HeadResult::malformed_with(400, "a field's name has an invalid character");
}

HeadResult bad_value(char stop) {
  if (stop == '\r') return HeadResult::malformed_with(400, "a CR without LF in a field's value");
  if (stop == '\n') return HeadResult::malformed_with(400, "a line ends in a bare LF");
  return HeadResult::malformed_with(400, "a control character in a field's value");
}

}  // namespace

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one pass reads best as one
HeadResult parse_field_lines(std::string_view bytes, size_t from, const HeadLimits& limits,
                             Fields& out) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* p = begin + from;
  for (;;) {
    if (end - p < 2) return HeadResult::incomplete_at(bytes.size());
    if (*p == '\r') {
      if (p[1] != '\n') return HeadResult::malformed_with(400, "a CR without LF");
      return HeadResult::complete_at(static_cast<size_t>(p + 2 - begin));
    }
    const size_t name_size = span_of(token_bytes, p, static_cast<size_t>(end - p));
    if (p + name_size == end) return HeadResult::incomplete_at(bytes.size());
    if (name_size == 0 || p[name_size] != ':') return bad_name(p, name_size);

    const char* value = p + name_size + 1;
    while (value < end && is_ows(*value))
      ++value;
    const char* stop = value + span_of(value_bytes, value, static_cast<size_t>(end - value));
    if (stop < end && *stop != '\r') return bad_value(*stop);
    if (end - stop < 2) return HeadResult::incomplete_at(bytes.size());
    if (stop[1] != '\n') return bad_value('\r');
    if (static_cast<size_t>(stop - p) > limits.field_bytes_max)
      return HeadResult::malformed_with(431, "a header field is too large");

    const char* value_end = stop;
    while (value_end > value && is_ows(value_end[-1]))
      --value_end;
    const std::string_view name(p, name_size);
    if (out.size() >= limits.fields_max || !out.push({name, {value, value_end}, known_field(name)}))
      return HeadResult::malformed_with(431, "too many header fields");
    p = stop + 2;
  }
}

bool head_may_end(std::string_view bytes, size_t scanned) {
  // An LF that was the last byte may have been left undecided: it is looked at again.
  const char* p = bytes.data() + (scanned > 0 ? scanned - 1 : 0);
  const char* const end = bytes.data() + bytes.size();
  while (p < end) {
    p = static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p)));
    if (!p) return false;
    const std::string_view before(bytes.begin(), p);
    if (!before.ends_with('\r') || before.ends_with("\r\n\r")) return true;
    ++p;
  }
  return false;
}

HeadResult unfinished_head(std::string_view bytes, const HeadLimits& limits) {
  const size_t line_max = size_t{limits.line_bytes_max} + 2;
  if (bytes.size() > line_max && !bytes.substr(0, line_max).contains('\n'))
    return HeadResult::malformed_with(414, "the first line is too long");
  if (bytes.size() >= limits.head_bytes_max)
    return HeadResult::malformed_with(431, "the head is too large");
  return HeadResult::incomplete_at(bytes.size());
}

}  // namespace weir::wire
