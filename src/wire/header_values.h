#pragma once
// HeaderValues: what a message says under one name, value by value and in order, whatever carries
// it: the fields of HTTP and gRPC, or the headers of a Kafka record. Trace context and baggage are
// read through it, so that the same rules hold on every way. A view: what it is made of outlives
// it.

#include <span>
#include <string_view>

#include "wire/http_fields.h"
#include "wire/message_headers.h"

namespace weir::wire {

class HeaderValues {
 public:
  HeaderValues() = default;  // none
  HeaderValues(const Fields& fields, KnownField name)
      : fields_(fields.has(name) ? std::span(fields.begin(), fields.end())
                                 : std::span<const Field>()),
        name_(name) {}
  // Those whose key is the name in lower case. A null value is an empty one.
  HeaderValues(std::span<const MessageHeader> headers, KnownField name)
      : headers_(headers), name_(name) {}

  // The next one, without white space around it; false when there is none.
  bool next(std::string_view& value) { return next_field(value) || next_header(value); }

 private:
  bool next_field(std::string_view& value) {
    while (!fields_.empty()) {
      const Field& field = fields_.front();
      fields_ = fields_.subspan(1);
      if (field.id != name_) continue;
      value = field.value;
      return true;
    }
    return false;
  }
  bool next_header(std::string_view& value) {
    while (!headers_.empty()) {
      const MessageHeader& header = headers_.front();
      headers_ = headers_.subspan(1);
      if (header.key != field_name(name_)) continue;
      value = trim_ows(header.value.value_or(""));
      return true;
    }
    return false;
  }

  // One of them is empty.
  std::span<const Field> fields_;
  std::span<const MessageHeader> headers_;
  KnownField name_ = KnownField::unknown;
};

}  // namespace weir::wire
