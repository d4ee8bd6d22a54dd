#pragma once
// Http2Section: reads the fields of one header section that a client sends, and says whether they
// make a message (RFC 9113 8.2, 8.3): names in lower case, values without control characters,
// pseudo-header fields complete, once each and first, and nothing that belongs to connections of
// HTTP/1.1. What passes is marked as checked in the block. What more is wrong with a request is for
// read_http2_request() to say.

#include <optional>

#include "wire/http2_block.h"

namespace weir::wire {

class Http2Section {
 public:
  void begin(bool trailers) {
    *this = {};
    trailers_ = trailers;
  }
  // The field's id; what it says of fields that are malformed means nothing.
  KnownField add(std::string_view name, std::string_view value);
  // All fields have come.
  bool well_formed() const { return !malformed_ && (trailers_ || complete()); }
  std::optional<uint64_t> content_length() const { return content_length_; }

 private:
  enum Pseudo : uint8_t { method = 1, scheme = 2, path = 4, authority = 8 };

  void add_pseudo(std::string_view name, std::string_view value);
  KnownField add_regular(std::string_view name, std::string_view value);
  bool complete() const;

  bool trailers_ = false;
  bool malformed_ = false;
  bool regular_ = false;  // one that is no pseudo-header field has come
  bool connect_ = false;
  bool host_ = false;
  uint8_t pseudo_ = 0;
  std::optional<uint64_t> content_length_;
};

}  // namespace weir::wire
