#include "client/response_reader.h"

#include <doctest/doctest.h>

namespace weir::bench {

using Step = ResponseReader::Step;

TEST_CASE("responses are found wherever the stream is cut") {
  const std::string stream =
      "HTTP/1.1 200 OK\r\ncontent-length:  5 \r\n\r\nhello"
      "HTTP/1.1 503 Busy\r\nDate: x\r\nContent-Length: 0\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    ResponseReader reader;
    std::string seen;
    for (std::string_view piece :
         {std::string_view(stream).substr(0, cut), std::string_view(stream).substr(cut)})
      while (!piece.empty() && reader.read(piece) == Step::complete)
        seen += std::to_string(reader.status()) + "/" + std::to_string(reader.body_bytes()) + " ";
    CHECK(seen == "200/5 503/0 200/3 ");
  }
}

TEST_CASE("what is not a response with a length is broken") {
  for (std::string_view bytes :
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "SSH-2.0-server\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n", "HTTP/1.1 \r\n\r\n"}) {
    ResponseReader reader;
    CHECK(reader.read(bytes) == Step::broken);
  }
}

TEST_CASE("a head without an end is broken at its limit") {
  ResponseReader reader;
  const std::string endless(17 * 1024, 'a');
  std::string_view bytes = endless;
  CHECK(reader.read(bytes) == Step::broken);
}

}  // namespace weir::bench
