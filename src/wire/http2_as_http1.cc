#include "wire/http2_as_http1.h"

#include <array>

#include "wire/grpc.h"
#include "wire/http1_chunked.h"
#include "wire/http1_write.h"

namespace weir::wire {
namespace {

// What concerns a connection of HTTP/1.1 (RFC 9113 8.2.2), and Host, which becomes :authority.
constexpr KnownFieldSet left_out(KnownField::connection, KnownField::keep_alive,
                                 KnownField::proxy_connection, KnownField::transfer_encoding,
                                 KnownField::upgrade, KnownField::http2_settings, KnownField::te,
                                 KnownField::host);
constexpr size_t trailers_max = ChunkLimits().trailer_fields_max;

bool has_body(uint16_t status, RequestMethod method) {
  return method != RequestMethod::head && status >= 200 && status != 204 && status != 304;
}

}  // namespace

size_t write_http2_request(const RequestHead& head, Scheme scheme, std::span<Field> out) {
  size_t count = 0;
  out[count++] = {":method", head.method_text};
  out[count++] = {":scheme", scheme == Scheme::https ? "https" : "http"};
  out[count++] = {":authority", head.host.text};
  out[count++] = {":path", head.target};
  bool trailers = false;
  for (const Field& field : head.fields) {
    trailers |= field.id == KnownField::te && equal_ignoring_case(field.value, "trailers");
    if (!left_out.contains(field.id)) out[count++] = field;
  }
  if (trailers) out[count++] = {"te", "trailers"};
  return count;
}

bool append_http1_answer(Buffer& out, uint16_t status, const Http2Block& block,
                         RequestMethod method, bool last) {
  const bool body = has_body(status, method);
  bool grpc = false, length = false;
  append_status_line(out, status);
  for (size_t i = 0; i < block.count(); ++i) {
    const std::string_view name = block.name(i), value = block.value(i);
    if (name == "content-type") grpc = is_grpc_type(value);
  }
  const bool length_counts = last || !grpc || !body;
  for (size_t i = 0; i < block.count(); ++i) {
    const std::string_view name = block.name(i), value = block.value(i);
    if (name.starts_with(':') || left_out.contains(known_field(name))) continue;
    const bool says_length = name == "content-length";
    if (says_length && (status < 200 || status == 204 || !length_counts)) continue;
    length |= says_length;
    append_field(out, name, value);
  }
  const bool chunked = body && !last && !length;
  if (chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (body && last && !length) out.append("Content-Length: 0\r\n");
  end_head(out);
  return chunked;
}

bool append_http1_trailers(Buffer& out, const Http2Block& block) {
  std::array<Field, trailers_max> storage;
  Fields fields(storage);
  for (size_t i = 0; i < block.count(); ++i)
    if (!fields.push(block.name(i), block.value(i))) return false;
  append_last_chunk(out, fields);
  return true;
}

}  // namespace weir::wire
