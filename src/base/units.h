#pragma once
// Sizes and durations as people write them: "64KiB", "1.5GiB", "250ms", "5m". Parsing refuses
// anything else.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace weir {

inline constexpr uint64_t KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB;

// A decimal number of at most 19 digits with nothing around it; `limit` when it exceeds uint64.
Result<uint64_t> parse_u64(std::string_view text);
// Bytes: digits with an optional fraction, then B, KB, KiB, MB, MiB, GB, GiB, TB, TiB or nothing
// (bytes).
Result<uint64_t> parse_bytes(std::string_view text);
// Digits with an optional fraction, then ns, us, ms, s, m, h or d. A bare "0" is allowed; any other
// bare number is not.
Result<Duration> parse_duration(std::string_view text);

// The shortest exact form: 65536 -> "64KiB", 1500 -> "1500B".
std::string format_bytes(uint64_t bytes);
// The shortest exact form: 90 s -> "90s", 1.5 s -> "1500ms", 0 -> "0s".
std::string format_duration(Duration duration);

}  // namespace weir
