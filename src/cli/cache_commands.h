#pragma once
// `weir edge purge` and `weir edge prewarm`: talk to a running edge through its admin listener.

#include <span>
#include <string>

namespace weir::cli {

// Whether `word`, behind `weir edge`, names one of them.
bool is_cache_command(const std::string& word);
// `words` begin with its name; the exit status.
int run_cache_command(std::span<const std::string> words);

}  // namespace weir::cli
