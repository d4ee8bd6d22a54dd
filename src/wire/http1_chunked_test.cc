#include "wire/http1_chunked.h"

#include <array>
#include <string>

#include <doctest/doctest.h>

#include "base/random.h"

namespace weir::wire {
namespace {

using Event = ChunkedDecoder::Event;

struct Decoded {
  Event last = Event::need_more;
  std::string body;
  size_t consumed = 0;
};

// Feeds `input` to the decoder in pieces of `piece` bytes.
Decoded decode(ChunkedDecoder& decoder, std::string_view input, size_t piece) {
  Decoded decoded;
  for (size_t at = 0; at < input.size(); at += piece) {
    std::string_view rest = input.substr(at, piece);
    do {
      const auto step = decoder.next(rest);
      decoded.last = step.event;
      decoded.body += step.data;
      decoded.consumed += step.consumed;
      rest.remove_prefix(step.consumed);
    } while (decoded.last == Event::data);
    if (decoded.last != Event::need_more) break;
  }
  return decoded;
}

Event verdict(std::string_view input, const ChunkLimits& limits = {}) {
  ChunkedDecoder decoder(limits);
  return decode(decoder, input, input.size()).last;
}

}  // namespace

TEST_CASE("a chunked body reads the same in pieces of any size") {
  const std::string input =
      "5\r\nhello\r\n"
      "0000A;a;b=c;d=\"x;\\\"y\"\r\n0123456789\r\n"
      "0;end\r\nX-Sum: 1\r\nY: 2\r\n\r\nNEXT";
  for (size_t piece = 1; piece <= input.size(); ++piece) {
    ChunkedDecoder decoder;
    const Decoded decoded = decode(decoder, input, piece);
    REQUIRE(decoded.last == Event::done);
    CHECK(decoded.body == "hello0123456789");
    CHECK(decoded.consumed == input.size() - 4);
    CHECK(decoder.body_bytes() == 15);
    REQUIRE(decoder.trailers().size() == 2);
    CHECK(decoder.trailers().find("x-sum")->value == "1");
    CHECK(decoder.next("more").event == Event::done);
    CHECK(decoder.next("more").consumed == 0);
  }
}

TEST_CASE("what is not plainly a chunk is refused") {
  for (const char* input : {"\r\n",
                            " 5\r\nhello\r\n0\r\n\r\n",
                            "5 \r\nhello\r\n0\r\n\r\n",
                            "+5\r\nhello\r\n0\r\n\r\n",
                            "-1\r\n",
                            "0x5\r\nhello\r\n0\r\n\r\n",
                            "5\nhello\r\n0\r\n\r\n",
                            "5\r\nhello\n0\r\n\r\n",
                            "5\r\nhelloX\r\n0\r\n\r\n",
                            "5\r\nhell\r\n0\r\n\r\n",
                            "5\rXhello",
                            "g\r\n",
                            ";a\r\n",
                            "5;\r\nhello",
                            "5;=\r\n",
                            "5;a=\r\n",
                            "5; a\r\n",
                            "5 ;a\r\n",
                            "5;a =b\r\n",
                            "5;a= b\r\n",
                            "5;a\n",
                            "5;a=\"\n\"\r\n",
                            "5;a=\"b\"c\r\n",
                            "5;a=\"\\\r\n",
                            "5;a=\"\r\n",
                            "5;;a\r\n",
                            "5;a=b=c\r\n",
                            "5,5\r\n",
                            "10000000000000000\r\n",
                            "8000000000000000\r\n",
                            "00000000000000005\r\n",
                            "0\r\n\n",
                            "0\r\nX: 1\n\r\n",
                            "0\r\nX : 1\r\n\r\n",
                            "0\r\n X: 1\r\n\r\n",
                            "0\r\nX: 1\r\n 2\r\n\r\n",
                            "0\r\nContent-Length: 1\r\n\r\n",
                            "0\r\nTransfer-Encoding: chunked\r\n\r\n",
                            "0\r\nHost: a\r\n\r\n",
                            "0\r\nX\r\n\r\n",
                            "0\r\n\rX\r\n\r\n",
                            "0\n\n"})
    CHECK_MESSAGE(verdict(input) == Event::malformed, input);
  CHECK(verdict(std::string("5;a=\"\0\"\r\n", 9)) == Event::malformed);
}

TEST_CASE("the largest size is taken, and a body of it waits for more") {
  CHECK(verdict("7fffffffffffffff\r\nabc") == Event::need_more);
  CHECK(verdict("0000000000000000\r\n\r\n") == Event::done);
}

TEST_CASE("extensions and trailers have their limits") {
  const ChunkLimits limits{.extension_bytes_max = 10,
                           .extension_bytes_total_max = 15,
                           .trailer_bytes_max = 30,
                           .trailer_fields_max = 2};
  CHECK(verdict("1;abcdefg\r\na\r\n0\r\n\r\n", limits) == Event::done);
  CHECK(verdict("1;abc\r\na\r\n1;abc\r\na\r\n1;abc\r\na\r\n0\r\n\r\n", limits) == Event::done);
  CHECK(verdict("1;abcdefghijkl\r\na\r\n0\r\n\r\n", limits) == Event::malformed);
  CHECK(verdict("1;abcdefg\r\na\r\n1;abcdefg\r\na\r\n0\r\n\r\n", limits) == Event::malformed);
  CHECK(verdict("0\r\nA: 1\r\nB: 2\r\n\r\n", limits) == Event::done);
  CHECK(verdict("0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits) == Event::malformed);
  CHECK(verdict("0\r\nA: " + std::string(30, 'x'), limits) == Event::malformed);
}

TEST_CASE("data is a view of the input") {
  ChunkedDecoder decoder;
  const std::string_view input = "3\r\nabc\r\n";
  const auto step = decoder.next(input);
  CHECK(step.event == Event::data);
  CHECK(step.data.data() == input.data() + 3);
  CHECK(step.consumed == 6);
}

TEST_CASE("what the writer writes, the decoder reads") {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    Buffer out;
    std::string body;
    for (uint64_t chunks = random.below(5); chunks > 0; --chunks) {
      const std::string piece(1 + random.below(round % 10 == 0 ? 70000 : 40), 'p');
      append_chunk_head(out, piece.size());
      out.append(piece);
      out.append("\r\n");
      body += piece;
    }
    std::array<Field, 1> storage;
    Fields trailers(storage);
    if (round % 2 == 0) trailers.push("X-Sum", "42");
    append_last_chunk(out, trailers);
    ChunkedDecoder decoder;
    const Decoded decoded = decode(decoder, out.view(), 1 + random.below(out.size()));
    CHECK(decoded.last == Event::done);
    CHECK(decoded.body == body);
    CHECK(decoded.consumed == out.size());
    CHECK(decoder.trailers().size() == trailers.size());
  }
  Buffer out;
  append_chunk_head(out, UINT64_MAX);
  CHECK(out.view() == "ffffffffffffffff\r\n");
}

}  // namespace weir::wire
