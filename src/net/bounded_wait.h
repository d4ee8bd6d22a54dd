#pragma once
// bounded(): the earlier of two bounds on a wait: the caller's, and that of a setting.

#include <algorithm>

#include "base/time.h"
#include "runtime/cancel.h"

namespace weir::net {

inline runtime::Wait bounded(runtime::Wait wait, MonoTime now, Duration most) {
  return {std::min(wait.until, after(now, most)), wait.cancel};
}

}  // namespace weir::net
