#pragma once
// WrittenAnswer: a site's fixed answer as it leaves, head and body in one run of bytes with the
// Date of this second, sent from there to everybody who gets it (why: net/out_queue.h). Belongs to
// one shard's generation. The run of an earlier second lives on until the last connection has sent
// it.

#include <cstdint>
#include <string>

#include "edge/site.h"
#include "edge/written_run.h"

namespace weir::edge {

class WrittenAnswer {
 public:
  // Larger bodies are not worth a copy a second.
  static constexpr size_t body_bytes_max = 16 * 1024;

  WrittenAnswer() = default;
  WrittenAnswer(WrittenAnswer&& other) noexcept = default;
  WrittenAnswer& operator=(WrittenAnswer&&) = delete;

  // The answer with `date_line`, which is that of `second`.
  WrittenRun& at(int64_t second, const FixedAnswer& answer, std::string_view date_line) {
    if (second != second_) [[unlikely]]
      write(second, answer, date_line);
    return *run_;
  }

 private:
  void write(int64_t second, const FixedAnswer& answer, std::string_view date_line) {
    std::string bytes = answer.head;
    bytes.append(date_line).append("\r\n").append(answer.body);
    run_ = new WrittenRun(std::move(bytes));
    pin_ = run_->pin();
    second_ = second;
  }

  int64_t second_ = -1;
  WrittenRun* run_ = nullptr;
  Pin pin_;
};

}  // namespace weir::edge
