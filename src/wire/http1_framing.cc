#include "wire/http1_framing.h"

#include "base/assert.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

constexpr KnownFieldSet framing_fields(KnownField::content_length, KnownField::transfer_encoding);

HeadFault parse_content_length(std::string_view value, BodyFraming& framing) {
  if (value.empty() || value.size() > 19 || !all_of(digit_bytes, value))
    return {400, "Content-Length is not a number"};
  uint64_t length = 0;
  for (const char c : value)
    length = length * 10 + static_cast<uint64_t>(c - '0');
  if (length > INT64_MAX) return {400, "Content-Length is too large"};
  framing = {BodyFraming::Kind::content_length, length};
  return {};
}

// "gzip, chunked" is honest but nothing we do; "chunked, gzip" and "chunked, chunked" have no end
// that can be known.
HeadFault unsupported_coding(std::string_view value) {
  constexpr HeadFault invalid = {400, "Transfer-Encoding does not end in chunked, once"};
  std::string_view last = trim_ows(value);
  while (true) {
    const size_t comma = last.find(',');
    const std::string_view coding = trim_ows(last.substr(0, comma));
    const bool chunked = equal_ignoring_case(coding, "chunked");
    if (!is_token(coding) || chunked != (comma == std::string_view::npos)) return invalid;
    if (chunked) return {501, "a transfer coding besides chunked"};
    last.remove_prefix(comma + 1);
  }
}

}  // namespace

HeadFault parse_framing(const Fields& fields, int minor_version, BodyFraming& framing) {
  framing = {};
  if (!fields.has_any(framing_fields)) return {};
  const Field* coding = fields.find(KnownField::transfer_encoding);
  const Field* length = fields.find(KnownField::content_length);
  if (coding && length) return {400, "both Content-Length and Transfer-Encoding"};
  if (fields.repeated(KnownField::content_length)) return {400, "more than one Content-Length"};
  if (length) return parse_content_length(length->value, framing);
  WEIR_ASSERT(coding);
  if (fields.repeated(KnownField::transfer_encoding))
    return {400, "more than one Transfer-Encoding"};
  if (minor_version == 0) return {400, "Transfer-Encoding in HTTP/1.0"};
  if (!equal_ignoring_case(coding->value, "chunked")) return unsupported_coding(coding->value);
  framing.kind = BodyFraming::Kind::chunked;
  return {};
}

HeadFault parse_connection(const Fields& fields, ConnectionOptions& options) {
  options = {};
  if (!fields.has(KnownField::connection)) return {};
  if (fields.value(KnownField::connection) == "keep-alive" &&
      !fields.repeated(KnownField::connection)) {
    options.keep_alive = true;  // what browsers and proxies send
    return {};
  }
  ListElements list(fields, KnownField::connection);
  for (std::string_view option; list.next(option);) {
    if (!is_token(option)) return {400, "Connection lists something that is not a token"};
    options.close |= equal_ignoring_case(option, "close");
    options.keep_alive |= equal_ignoring_case(option, "keep-alive");
    options.upgrade |= equal_ignoring_case(option, "upgrade");
  }
  if (list.malformed()) return {400, "Connection is not a list"};
  return {};
}

}  // namespace weir::wire
