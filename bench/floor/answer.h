#pragma once
// What the bare server says and when: a block of identical answers, so that any number of them is
// one run of bytes without a copy, and a scanner that counts the ends of request heads.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

namespace weir::bench {

struct AnswerForm {
  size_t body_bytes = 1024;
  // 0: as long as the fields need; otherwise padded up to it with one more field.
  size_t head_bytes = 0;
  uint64_t max_age_s = 0;  // above 0: caches may keep it
  std::string field;       // one more line, without its end
  // Of its Date. It must be the time of its first use: to a cache an answer is as old as its Date.
  std::time_t written = std::time(nullptr);
};

// The same answer many times over. Immutable; outlives all sends from it.
class AnswerBlock {
 public:
  explicit AnswerBlock(const AnswerForm& form) {
    std::string answer =
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: application/octet-stream\r\n"
        "Content-Length: " +
        std::to_string(form.body_bytes) + "\r\nDate: " + http_date(form.written) +
        "\r\nServer: floor\r\n";
    if (form.max_age_s > 0)
      answer += "Cache-Control: max-age=" + std::to_string(form.max_age_s) + "\r\n";
    if (!form.field.empty()) answer += form.field + "\r\n";
    constexpr std::string_view pad = "X-Pad: \r\n";
    const size_t used = answer.size() + 2 + pad.size();
    if (used < form.head_bytes)
      answer += "X-Pad: " + std::string(form.head_bytes - used, 'p') + "\r\n";
    answer += "\r\n" + std::string(form.body_bytes, 'x');
    answer_bytes_ = answer.size();
    repeats_ = std::max<size_t>(1, block_bytes / answer_bytes_);
    for (size_t i = 0; i < repeats_; ++i)
      block_ += answer;
  }

  // The next run for `owed` answers: as many whole ones as the block holds.
  std::string_view next(uint64_t owed) const {
    return {block_.data(), std::min<uint64_t>(owed, repeats_) * answer_bytes_};
  }
  uint64_t count(std::string_view run) const { return run.size() / answer_bytes_; }

 private:
  static constexpr size_t block_bytes = 128 * 1024;

  static std::string http_date(std::time_t time) {
    std::tm parts;
    gmtime_r(&time, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
  }

  size_t answer_bytes_;
  size_t repeats_;
  std::string block_;
};

// Counts "\r\n\r\n" in a stream that arrives in pieces. Requests must have no body.
class HeadCounter {
 public:
  uint64_t count(std::string_view bytes) {
    uint64_t heads = 0;
    const char* p = bytes.data();
    const char* const end = p + bytes.size();
    while (p != end && matched_ > 0)
      heads += step(*p++);
    while (p != end) {
      const void* found = memmem(p, static_cast<size_t>(end - p), "\r\n\r\n", 4);
      if (!found) break;
      ++heads;
      p = static_cast<const char*>(found) + 4;
    }
    // The end of this piece may be the beginning of a match.
    p = std::max(p, end - std::min<ptrdiff_t>(3, end - p));
    while (p != end)
      heads += step(*p++);
    return heads;
  }

 private:
  uint64_t step(char c) {
    if (c == "\r\n\r\n"[matched_])
      ++matched_;
    else
      matched_ = c == '\r' ? 1 : 0;
    if (matched_ < 4) return 0;
    matched_ = 0;
    return 1;
  }

  unsigned matched_ = 0;
};

}  // namespace weir::bench
