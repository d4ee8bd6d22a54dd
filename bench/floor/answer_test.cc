#include "floor/answer.h"

#include <doctest/doctest.h>

namespace weir::bench {

TEST_CASE("the end of a head is counted wherever the stream is cut") {
  const std::string stream = "GET / HTTP/1.1\r\nA: b\r\n\r\nGET /\r\r\n\r\n\r\n\r\nX\r\n\r\n";
  HeadCounter whole;
  const uint64_t expected = whole.count(stream);
  CHECK(expected == 4);
  for (size_t a = 0; a <= stream.size(); ++a)
    for (size_t b = a; b <= stream.size(); ++b) {
      HeadCounter heads;
      const std::string_view view = stream;
      CHECK(heads.count(view.substr(0, a)) + heads.count(view.substr(a, b - a)) +
                heads.count(view.substr(b)) ==
            expected);
    }
}

TEST_CASE("an answer has the head and body that were asked for") {
  const AnswerBlock answers(1024, 240);
  const std::string_view one = answers.next(1);
  CHECK(one.size() == 240 + 1024);
  CHECK(one.find("\r\n\r\n") == 236);
  CHECK(one.find("Content-Length: 1024\r\n") != std::string_view::npos);
}

TEST_CASE("an answer says how long caches may keep it where that was asked for") {
  const AnswerBlock kept(10, 0, 3600);
  CHECK(kept.next(1).find("Cache-Control: max-age=3600\r\n") != std::string_view::npos);
  CHECK(AnswerBlock(10, 0).next(1).find("Cache-Control") == std::string_view::npos);
}

TEST_CASE("many answers are one run, as long as the block is") {
  const AnswerBlock answers(1024, 0);
  CHECK(answers.next(16).size() == 16 * answers.next(1).size());
  const std::string_view most = answers.next(1'000'000);
  CHECK(answers.count(most) > 50);
  CHECK(answers.count(most) < 1'000'000);
  CHECK(AnswerBlock(1 << 20, 0).next(5).size() > 1 << 20);
}

}  // namespace weir::bench
