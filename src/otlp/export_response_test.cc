#include "otlp/export_response.h"

#include <doctest/doctest.h>

#include "wire/protobuf_writer.h"

namespace weir::otlp {

TEST_CASE("exactly 429, 502, 503 and 504 may be sent again") {
  for (uint16_t status = 100; status < 600; ++status) {
    const bool retry = status == 429 || status == 502 || status == 503 || status == 504;
    const bool good = status >= 200 && status <= 299;
    CHECK((disposition_of(status) == Disposition::retry) == retry);
    CHECK((disposition_of(status) == Disposition::delivered) == good);
  }
}

TEST_CASE("a partial success tells how many spans were rejected, and why") {
  Buffer body;
  wire::ProtobufWriter writer(body);
  const auto partial = writer.begin_message(1);
  writer.varint(1, 300);
  writer.bytes(2, "too old");
  writer.end_message(partial);
  CHECK(parse_partial_success(body.view()).rejected == 300);
  CHECK(parse_partial_success(body.view()).message == "too old");
  for (size_t size = 0; size < body.size(); ++size)
    CHECK(parse_partial_success(body.view().substr(0, size)).rejected == 0);
  CHECK(parse_partial_success("").message.empty());
  CHECK(parse_partial_success("<html>").rejected == 0);
}

TEST_CASE("a negative number of rejected spans is none") {
  Buffer body;
  wire::ProtobufWriter writer(body);
  const auto partial = writer.begin_message(1);
  writer.varint(1, static_cast<uint64_t>(int64_t{-1}));
  writer.end_message(partial);
  CHECK(parse_partial_success(body.view()).rejected == 0);
}

TEST_CASE("an error's message is read from its status") {
  Buffer body;
  wire::ProtobufWriter writer(body);
  writer.varint(1, 3);
  writer.bytes(2, "bad token");
  CHECK(parse_error_message(body.view()) == "bad token");
  CHECK(parse_error_message("plain text").empty());
}

TEST_CASE("Retry-After is seconds or a date, bounded") {
  const WallTime now{seconds(784111777)};  // Sun, 06 Nov 1994 08:49:37 GMT
  CHECK(parse_retry_after("7", now) == seconds(7));
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now) == seconds(30));
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:40:00 GMT", now) == seconds(0));
  CHECK(parse_retry_after("18446744073709551615", now) == hours(24));
  CHECK(!parse_retry_after("soon", now));
  CHECK(!parse_retry_after("", now));
  CHECK(!parse_retry_after("-1", now));
}

}  // namespace weir::otlp
