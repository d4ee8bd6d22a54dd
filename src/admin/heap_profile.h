#pragma once
// What the allocator can say about the heap. With jemalloc, which the program is linked to: a heap
// profile when sampling was turned on at the start (MALLOC_CONF=prof:true), its statistics
// otherwise. Without it (sanitizer builds, tests), a line that says so.

#include <string>

namespace weir::admin {

struct HeapReport {
  bool available = false;
  std::string text;
};

HeapReport heap_report();

}  // namespace weir::admin
