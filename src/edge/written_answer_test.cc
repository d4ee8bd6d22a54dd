#include "edge/written_answer.h"

#include <string>

#include <doctest/doctest.h>

namespace weir::edge {

TEST_CASE("a fixed answer is written with the date of its second, once a second") {
  const FixedAnswer answer{200, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "ok"};
  WrittenAnswer written;
  WrittenRun& first = written.at(1, answer, "Date: 1\r\n");
  CHECK(first.bytes() == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: 1\r\n\r\nok");
  CHECK(&written.at(1, answer, "Date: 1\r\n") == &first);
  CHECK(written.at(2, answer, "Date: 2\r\n").bytes() ==
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: 2\r\n\r\nok");
}

TEST_CASE("what is still being sent stays as it was when the second and the site are gone") {
  Pin sending;
  std::string_view bytes;
  {
    const FixedAnswer answer{200, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "ok"};
    WrittenAnswer written;
    WrittenRun& run = written.at(1, answer, "Date: 1\r\n");
    sending = run.pin();
    bytes = run.bytes();
    (void)written.at(2, answer, "Date: 2\r\n");
  }
  // Under AddressSanitizer this is more than a comparison.
  CHECK(bytes.ends_with("Date: 1\r\n\r\nok"));
}

}  // namespace weir::edge
