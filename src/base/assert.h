#pragma once
// WEIR_ASSERT: a condition whose failure is a bug of ours. On in release: a wrong answer costs more
// than a check. Prints the place and the condition to stderr and aborts, so that the crash report
// has the stack.

namespace weir {

[[noreturn]] void assert_failed(const char* condition, const char* file, int line);

}  // namespace weir

#define WEIR_ASSERT(condition)                  \
  (__builtin_expect(!!(condition), 1) ? void(0) \
                                      : ::weir::assert_failed(#condition, __FILE__, __LINE__))
