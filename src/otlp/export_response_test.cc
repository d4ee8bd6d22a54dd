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

TEST_CASE("of gRPC's codes, those that OTLP names may be sent again") {
  using enum wire::GrpcCode;
  for (int number = 0; number <= 16; ++number) {
    const auto code = static_cast<wire::GrpcCode>(number);
    const bool retry = code == cancelled || code == deadline_exceeded || code == aborted ||
                       code == out_of_range || code == unavailable || code == data_loss;
    CAPTURE(number);
    CHECK((disposition_of(code, false) == Disposition::retry) == retry);
    CHECK((disposition_of(code, true) == Disposition::retry) ==
          (retry || code == resource_exhausted));
    CHECK((disposition_of(code, true) == Disposition::delivered) == (code == ok));
  }
}

TEST_CASE("RetryInfo is found among the details of a status") {
  const auto status = [](std::string_view type, uint64_t whole, uint64_t nanos) {
    Buffer body;
    wire::ProtobufWriter writer(body);
    writer.varint(1, 8);
    for (const std::string_view each : {std::string_view("t/google.rpc.DebugInfo"), type}) {
      const auto detail = writer.begin_message(3);
      writer.bytes(1, each);
      const auto value = writer.begin_message(2);
      const auto delay = writer.begin_message(1);
      writer.varint(1, whole);
      writer.varint(2, nanos);
      writer.end_message(delay);
      writer.end_message(value);
      writer.end_message(detail);
    }
    return std::string(body.view());
  };
  const std::string_view type = "type.googleapis.com/google.rpc.RetryInfo";
  CHECK(parse_retry_info(status(type, 2, 500'000'000)) == milliseconds(2500));
  CHECK(parse_retry_info(status(type, 0, 0)) == seconds(0));
  CHECK(parse_retry_info(status(type, UINT64_MAX, UINT64_MAX)) == seconds(0));
  CHECK(parse_retry_info(status(type, INT64_MAX, 0)) == hours(24));
  CHECK(!parse_retry_info(status("type.googleapis.com/google.rpc.Help", 2, 0)));
  CHECK(!parse_retry_info(""));
  CHECK(!parse_retry_info("<html>"));
}

}  // namespace weir::otlp
