#include "wire/grpc.h"

#include <vector>

#include <doctest/doctest.h>

namespace weir::wire {
namespace {

std::string framed(std::string_view message, bool compressed = false) {
  Buffer out;
  append_grpc_head(out, compressed, message.size());
  out.append(message);
  return std::string(out.view());
}

std::string timeout(Duration duration) {
  Buffer out;
  append_grpc_timeout(out, duration);
  return std::string(out.view());
}

std::string escaped(std::string_view text) {
  Buffer out;
  append_grpc_message(out, text);
  return std::string(out.view());
}

}  // namespace

TEST_CASE("a message stands behind its flag and its size") {
  CHECK(framed("abc") == std::string("\0\0\0\0\3abc", 8));
  CHECK(framed("", true) == std::string("\1\0\0\0\0", 5));
}

TEST_CASE("messages come out whole however their bytes are cut") {
  const std::string bytes = framed("one") + framed("") + framed("three", true);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    GrpcMessages messages(100);
    std::vector<std::string> seen;
    for (const std::string_view piece :
         {std::string_view(bytes).substr(0, cut), std::string_view(bytes).substr(cut)}) {
      messages.add(piece);
      while (const auto message = messages.next().value())
        seen.push_back((message->compressed ? "z" : "") + std::string(message->bytes));
    }
    CHECK(seen == std::vector<std::string>{"one", "", "zthree"});
    CHECK(messages.empty());
  }
}

TEST_CASE("a message that is too large is refused by its head, and nothing behind it is read") {
  GrpcMessages messages(10);
  messages.add(framed(std::string(10, 'x')) + std::string("\0\0\0\0\x0b", 5));
  CHECK(messages.next().value().has_value());
  CHECK(messages.next().error().code == ErrorCode::limit);
  messages.add(framed("good"));
  CHECK(messages.next().error().code == ErrorCode::limit);
}

TEST_CASE("a flag that is neither 0 nor 1 is refused") {
  GrpcMessages messages(10);
  messages.add("\2");
  CHECK(messages.next().error().code == ErrorCode::invalid);
}

TEST_CASE("the rest of a torn message is seen") {
  GrpcMessages messages(10);
  messages.add(std::string("\0\0\0\0\3ab", 7));
  CHECK_FALSE(messages.next().value().has_value());
  CHECK_FALSE(messages.empty());
}

TEST_CASE("timeouts are written with at most eight digits, rounded up") {
  CHECK(timeout(nanoseconds(1)) == "1n");
  CHECK(timeout(Duration(0)) == "1n");
  CHECK(timeout(milliseconds(99)) == "99000000n");
  CHECK(timeout(milliseconds(100)) == "100000u");
  CHECK(timeout(seconds(10)) == "10000000u");
  CHECK(timeout(seconds(100) + nanoseconds(1)) == "100001m");
  CHECK(timeout(hours(24)) == "86400000m");
  CHECK(timeout(Duration::max()) == "2562048H");
}

TEST_CASE("timeouts are read as they are written, and nothing else is") {
  for (const Duration each : {Duration(nanoseconds(5)), Duration(seconds(3)), Duration(hours(5))})
    CHECK(parse_grpc_timeout(timeout(each)) == each);
  CHECK(parse_grpc_timeout("99999999H") == Duration::max());
  for (const char* text : {"", "S", "1", "1s", "-1S", "123456789S", "1 S", "1SS"})
    CHECK_FALSE(parse_grpc_timeout(text).has_value());
}

TEST_CASE("messages for people are escaped where they are not printable") {
  CHECK(escaped("plain text") == "plain text");
  CHECK(escaped("100%\n") == "100%25%0A");
  CHECK(escaped("\xc3\xa9") == "%C3%A9");
  CHECK(parse_grpc_message("%C3%A9 100%25") == "\xc3\xa9 100%");
  CHECK(parse_grpc_message("50% %zz %4") == "50% %zz %4");
  const std::string special = "\t\ntest with whitespace\r\nand Unicode BMP \xe2\x98\xba\t\n";
  CHECK(parse_grpc_message(escaped(special)) == special);
}

TEST_CASE("binary fields are base64 with or without padding") {
  CHECK(parse_grpc_binary("") == "");
  CHECK(parse_grpc_binary("TQ") == "M");
  CHECK(parse_grpc_binary("TQ==") == "M");
  CHECK(parse_grpc_binary("TWFu") == "Man");
  CHECK(parse_grpc_binary("/+8=") == "\xff\xef");
  CHECK_FALSE(parse_grpc_binary("T").has_value());
  CHECK_FALSE(parse_grpc_binary("T-Fu").has_value());
}

TEST_CASE("outcomes are numbers of a closed list, or UNKNOWN") {
  CHECK(parse_grpc_status("0") == GrpcCode::ok);
  CHECK(parse_grpc_status("14") == GrpcCode::unavailable);
  CHECK(to_string(GrpcCode::unauthenticated) == "UNAUTHENTICATED");
  for (const char* text : {"", "17", "-1", "1x", "999999999999"})
    CHECK(parse_grpc_status(text) == GrpcCode::unknown);
  CHECK(grpc_code_of_http(503) == GrpcCode::unavailable);
  CHECK(grpc_code_of_http(404) == GrpcCode::unimplemented);
  CHECK(grpc_code_of_http(418) == GrpcCode::unknown);
}

TEST_CASE("how a stream was reset says what became of its call") {
  CHECK(grpc_code_of_reset(Http2Error::refused_stream) == GrpcCode::unavailable);
  CHECK(grpc_code_of_reset(Http2Error::cancel) == GrpcCode::cancelled);
  CHECK(grpc_code_of_reset(Http2Error::enhance_your_calm) == GrpcCode::resource_exhausted);
  CHECK(grpc_code_of_reset(Http2Error::no_error) == GrpcCode::internal);
}

TEST_CASE("binary fields come back as they were") {
  for (size_t size = 0; size < 20; ++size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i)
      bytes += static_cast<char>(251 * (i + 1));
    Buffer out;
    append_grpc_binary(out, bytes);
    CHECK(out.size() == (size * 4 + 2) / 3);
    CHECK(parse_grpc_binary(out.view()) == bytes);
  }
}

}  // namespace weir::wire
