#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array size_units{Unit{"", 1},         Unit{"B", 1},        Unit{"KB", 1e3},
                                Unit{"KiB", 0x1p10}, Unit{"MB", 1e6},     Unit{"MiB", 0x1p20},
                                Unit{"GB", 1e9},     Unit{"GiB", 0x1p30}, Unit{"TB", 1e12},
                                Unit{"TiB", 0x1p40}};
constexpr std::array time_units{Unit{"ns", 1},     Unit{"us", 1e3}, Unit{"ms", 1e6},
                                Unit{"s", 1e9},    Unit{"m", 60e9}, Unit{"h", 3600e9},
                                Unit{"d", 86400e9}};

// Splits "1.5GiB" and multiplies; the result must fit 63 bits.
template <size_t n>
Result<double> parse_scaled(std::string_view text, const std::array<Unit, n>& units,
                            const char* expected) {
  const size_t split = text.find_first_not_of("0123456789.");
  const std::string_view digits = text.substr(0, split);
  const std::string_view name = split == text.npos ? "" : text.substr(split);
  double number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  if (digits.empty() || error != std::errc() || end != digits.end())
    return fail(ErrorCode::invalid, expected);
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number * unit.factor >= 0x1p63) return fail(ErrorCode::limit, "too large");
    return number * unit.factor;
  }
  return fail(ErrorCode::invalid, expected);
}

}  // namespace

Result<uint64_t> parse_u64(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (error == std::errc::result_out_of_range) return fail(ErrorCode::limit, "number too large");
  if (error != std::errc() || end != text.end())
    return fail(ErrorCode::invalid, "expected a whole number");
  return value;
}

Result<uint64_t> parse_bytes(std::string_view text) {
  WEIR_TRY(const double bytes,
           parse_scaled(text, size_units, "expected a size such as 64KiB or 1.5GiB"));
  return static_cast<uint64_t>(std::llround(bytes));
}

Result<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration::zero();
  WEIR_TRY(const double ns,
           parse_scaled(text, time_units, "expected a duration such as 250ms, 5s or 10m"));
  return Duration(std::llround(ns));
}

std::string format_bytes(uint64_t bytes) {
  if (bytes && bytes % GiB == 0) return std::to_string(bytes / GiB) + "GiB";
  if (bytes && bytes % MiB == 0) return std::to_string(bytes / MiB) + "MiB";
  if (bytes && bytes % KiB == 0) return std::to_string(bytes / KiB) + "KiB";
  return std::to_string(bytes) + "B";
}

std::string format_duration(Duration duration) {
  const int64_t ns = duration.count();
  constexpr std::array<std::pair<int64_t, const char*>, 6> steps{{{86'400'000'000'000, "d"},
                                                                  {3'600'000'000'000, "h"},
                                                                  {60'000'000'000, "m"},
                                                                  {1'000'000'000, "s"},
                                                                  {1'000'000, "ms"},
                                                                  {1'000, "us"}}};
  if (ns == 0) return "0s";
  for (const auto& [size, name] : steps)
    if (ns % size == 0) return std::to_string(ns / size) + name;
  return std::to_string(ns) + "ns";
}

}  // namespace weir
