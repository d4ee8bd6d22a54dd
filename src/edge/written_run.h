#pragma once
// WrittenRun: an answer, head and body, as one run of bytes that is sent from there to everybody
// who gets it (why: net/out_queue.h). On one shard. Made with `new`; lives until the last pin is
// let go, so whoever makes it takes one.

#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/pin.h"

namespace weir::edge {

class WrittenRun {
 public:
  explicit WrittenRun(std::string bytes) : bytes_(std::move(bytes)) {}
  WrittenRun(const WrittenRun&) = delete;
  WrittenRun& operator=(const WrittenRun&) = delete;

  std::string_view bytes() const { return bytes_; }
  // Whether only one pin is left: nobody sends it but whoever keeps it, who may write it anew.
  bool unsent() const { return pins_ == 1; }
  void rewrite(std::string_view bytes) {
    WEIR_ASSERT(unsent());
    bytes_ = bytes;
  }
  Pin pin() {
    ++pins_;
    return {[](void* self) { static_cast<WrittenRun*>(self)->let_go(); }, this};
  }

 private:
  void let_go() {
    if (--pins_ == 0) delete this;
  }
  ~WrittenRun() = default;

  std::string bytes_;
  size_t pins_ = 0;
};

}  // namespace weir::edge
