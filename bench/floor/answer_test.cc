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
  const AnswerBlock answers({.body_bytes = 1024, .head_bytes = 240});
  const std::string_view one = answers.next(1);
  CHECK(one.size() == 240 + 1024);
  CHECK(one.find("\r\n\r\n") == 236);
  CHECK(one.find("Content-Length: 1024\r\n") != std::string_view::npos);
}

TEST_CASE("an answer says how long caches may keep it where that was asked for") {
  const AnswerBlock kept({.body_bytes = 10, .max_age_s = 3600});
  CHECK(kept.next(1).find("Cache-Control: max-age=3600\r\n") != std::string_view::npos);
  const AnswerBlock plain({.body_bytes = 10});
  CHECK(plain.next(1).find("Cache-Control") == std::string_view::npos);
}

TEST_CASE("an answer is as old as it says, and has the field that was asked for") {
  const AnswerBlock answers({.field = "Surrogate-Key: a", .written = 1'000'000'000});
  const std::string_view one = answers.next(1);
  CHECK(one.find("\r\nDate: Sun, 09 Sep 2001 01:46:40 GMT\r\n") != std::string_view::npos);
  CHECK(one.find("\r\nSurrogate-Key: a\r\n") != std::string_view::npos);
}

TEST_CASE("many answers are one run, as long as the block is") {
  const AnswerBlock answers({.body_bytes = 1024});
  CHECK(answers.next(16).size() == 16 * answers.next(1).size());
  const std::string_view most = answers.next(1'000'000);
  CHECK(answers.count(most) > 50);
  CHECK(answers.count(most) < 1'000'000);
  const AnswerBlock large({.body_bytes = 1 << 20});
  CHECK(large.next(5).size() > 1 << 20);
}

}  // namespace weir::bench
