#pragma once
// What this program is: shown by `weir version`, on /debug/build and in crash reports.

#include <string_view>

namespace weir::cli {

// "0.1.0"
std::string_view version();
// "clang 19.1.4, libstdc++ 12"
std::string_view compiler();
// "jemalloc" or "libc"
std::string_view allocator();

}  // namespace weir::cli
