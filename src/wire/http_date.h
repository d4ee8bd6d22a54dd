#pragma once
// Dates of HTTP (RFC 9110 5.6.7).
//
//   IMF-fixdate  Sun, 06 Nov 1994 08:49:37 GMT      the only form that we write
//   RFC 850      Sunday, 06-Nov-94 08:49:37 GMT
//   asctime      Sun Nov  6 08:49:37 1994

#include <chrono>
#include <optional>
#include <string_view>

#include "base/buffer.h"

namespace weir::wire {

inline constexpr size_t http_date_size = 29;

// Appends the IMF-fixdate; years outside 0..9999 are written as the nearest that fits.
void append_http_date(Buffer& out, std::chrono::sys_seconds time);

// Any of the three forms; nothing for what is none of them or no day of the calendar. The name of
// the weekday must be one, but need not be that day's. A two-digit year is the one nearest to
// `now` that is at most 50 years ahead. Second 60 is taken (a leap second).
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text,
                                                        std::chrono::sys_seconds now);

}  // namespace weir::wire
