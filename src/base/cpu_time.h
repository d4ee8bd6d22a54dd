#pragma once
// The CPU time that the calling thread has used since it began.

#include <time.h>

#include "base/time.h"

namespace weir {

inline Duration thread_cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return seconds(used.tv_sec) + Duration(used.tv_nsec);
}

}  // namespace weir
