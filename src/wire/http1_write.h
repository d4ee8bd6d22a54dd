#pragma once
// Writes the heads of HTTP/1.1 messages, part by part, into a Buffer; the caller ends a head with
// end_head(). Everything that is forwarded is written from the parsed message, never copied raw.
// Names and values come from a parser here or from checked settings: nothing is checked again; use
// is_token() and is_field_value() for what comes from elsewhere.

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "wire/http1_request.h"
#include "wire/http_fields.h"

namespace weir::wire {

// "HTTP/1.1 200 OK"; the usual reason where none is given.
void append_status_line(Buffer& out, uint16_t status, std::string_view reason = {});
// "GET /path HTTP/1.1".
void append_request_line(Buffer& out, std::string_view method, std::string_view target);

void append_field(Buffer& out, std::string_view name, std::string_view value);
inline void append_field(Buffer& out, const Field& field) {
  append_field(out, field.name, field.value);
}
void append_field(Buffer& out, std::string_view name, uint64_t value);
inline void append_content_length(Buffer& out, uint64_t length) {
  append_field(out, std::string_view("Content-Length"), length);
}
inline void end_head(Buffer& out) {
  out.append("\r\n");
}

void append_decimal(Buffer& out, uint64_t value);

// The registered reason (RFC 9110 15); empty for a status without one.
std::string_view reason_phrase(uint16_t status);
// Whether it can stand as a field's value.
bool is_field_value(std::string_view value);

// Tells the fields that concern one connection only and are not forwarded (RFC 9110 7.6.1): those
// that the RFC names and those that the message's own Connection lists. Content-Length and Host
// cannot be listed away. Built once a message; asking costs one bit test for a known field.
class HopByHop {
 public:
  explicit HopByHop(const Fields& fields);
  bool operator()(const Field& field) const {
    if (field.id != KnownField::unknown) return known_.contains(field.id);
    return lists_unknown_ && listed(field.name);
  }

 private:
  bool listed(std::string_view name) const;

  const Fields& fields_;
  KnownFieldSet known_;
  bool lists_unknown_ = false;
};

}  // namespace weir::wire
