#pragma once
// LastAccepts: what a listener still takes once accepting is cancelled: as many connections as were
// queued by then. So nobody who waited is left, and it ends however many come meanwhile.

#include <cstddef>
#include <optional>

#include "runtime/cancel.h"

namespace weir::runtime {

class LastAccepts {
 public:
  // Whether `wait` is cancelled and all of them are taken. `queued` answers how many are queued; it
  // is asked once.
  template <typename Queued>
  bool over(const Wait& wait, Queued queued) {
    if (!wait.cancel || !wait.cancel->requested()) return false;
    if (!left_) left_ = queued();
    return *left_ == 0;
  }
  // One was taken.
  void count() {
    if (left_) --*left_;
  }

 private:
  std::optional<size_t> left_;
};

}  // namespace weir::runtime
