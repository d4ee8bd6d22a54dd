#include "cli/version.h"

#include <cstddef>
#include <version>

#define WEIR_TEXT_(x) #x
#define WEIR_TEXT(x) WEIR_TEXT_(x)

extern "C" {
[[gnu::weak]] int mallctl(const char* name, void* old, size_t* old_size, void* value,
                          size_t value_size);
}

namespace weir::cli {

std::string_view version() {
  return WEIR_VERSION;
}

std::string_view compiler() {
  return "clang " WEIR_TEXT(__clang_major__) "." WEIR_TEXT(__clang_minor__) "." WEIR_TEXT(
      __clang_patchlevel__) ", libstdc++ " WEIR_TEXT(_GLIBCXX_RELEASE);
}

std::string_view allocator() {
  return mallctl ? "jemalloc" : "libc";
}

}  // namespace weir::cli
