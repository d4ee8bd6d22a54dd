#include "wire/http_date.h"

#include <algorithm>
#include <cstring>

#include "wire/scan.h"

namespace weir::wire {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::string_view weekdays = "SunMonTueWedThuFriSat";
constexpr std::string_view long_weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                              "Thursday", "Friday", "Saturday"};
constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";

constexpr sys_seconds earliest = sys_days(year(0) / 1 / 1);
constexpr sys_seconds latest = sys_days(year(10000) / 1 / 1) - std::chrono::seconds(1);

char* write2(char* p, unsigned value) {
  p[0] = static_cast<char>('0' + value / 10);
  p[1] = static_cast<char>('0' + value % 10);
  return p + 2;
}

char* write_text(char* p, std::string_view text) {
  std::memcpy(p, text.data(), text.size());
  return p + text.size();
}

// Reads a date from left to right; after the first fault it stays failed.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  void literal(std::string_view expected) {
    ok_ &= text_.starts_with(expected);
    skip(expected.size());
  }
  unsigned number(size_t digits) {
    unsigned value = 0;
    ok_ &= text_.size() >= digits && all_of(digit_bytes, text_.substr(0, digits));
    for (size_t i = 0; ok_ && i < digits; ++i)
      value = value * 10 + static_cast<unsigned>(text_[i] - '0');
    skip(digits);
    return value;
  }
  // asctime pads the day with a space.
  unsigned padded_number() {
    if (!text_.starts_with(' ')) return number(2);
    skip(1);
    return number(1);
  }
  // Which of the names of three letters in `names`.
  unsigned name_in(std::string_view names) {
    const std::string_view name = text_.substr(0, 3);
    for (size_t i = 0; i < names.size(); i += 3) {
      if (names.substr(i, 3) != name) continue;
      skip(3);
      return static_cast<unsigned>(i / 3);
    }
    ok_ = false;
    return 0;
  }
  std::chrono::seconds time_of_day() {
    const unsigned hour = number(2);
    literal(":");
    const unsigned minute = number(2);
    literal(":");
    const unsigned second = number(2);
    ok_ &= hour < 24 && minute < 60 && second <= 60;
    return std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
  }
  month month_name() { return month(name_in(months) + 1); }
  bool done() const { return ok_ && text_.empty(); }

 private:
  void skip(size_t n) { text_.remove_prefix(std::min(n, text_.size())); }

  std::string_view text_;
  bool ok_ = true;
};

std::optional<sys_seconds> combine(const Reader& reader, year_month_day date,
                                   std::chrono::seconds time) {
  if (!reader.done() || !date.ok()) return std::nullopt;
  return sys_days(date) + time;
}

std::optional<sys_seconds> parse_imf(std::string_view text) {
  Reader reader(text);
  reader.name_in(weekdays);
  reader.literal(", ");
  const day d(reader.number(2));
  reader.literal(" ");
  const month m = reader.month_name();
  reader.literal(" ");
  const year y(static_cast<int>(reader.number(4)));
  reader.literal(" ");
  const auto time = reader.time_of_day();
  reader.literal(" GMT");
  return combine(reader, y / m / d, time);
}

// RFC 9110 5.6.7: a year that seems over 50 years ahead is the last one with those digits.
year full_year(unsigned two_digits, sys_seconds now) {
  const year_month_day today(std::chrono::floor<days>(now));
  const int this_year = static_cast<int>(today.year());
  int full = this_year - this_year % 100 + static_cast<int>(two_digits);
  if (full > this_year + 50) full -= 100;
  if (full < this_year - 49) full += 100;
  return year(full);
}

std::optional<sys_seconds> parse_rfc850(std::string_view text, sys_seconds now) {
  const auto* weekday = std::ranges::find_if(
      long_weekdays, [&](std::string_view name) { return text.starts_with(name); });
  if (weekday == std::end(long_weekdays)) return std::nullopt;
  Reader reader(text.substr(weekday->size()));
  reader.literal(", ");
  const day d(reader.number(2));
  reader.literal("-");
  const month m = reader.month_name();
  reader.literal("-");
  const year y = full_year(reader.number(2), now);
  reader.literal(" ");
  const auto time = reader.time_of_day();
  reader.literal(" GMT");
  return combine(reader, y / m / d, time);
}

std::optional<sys_seconds> parse_asctime(std::string_view text) {
  Reader reader(text);
  reader.name_in(weekdays);
  reader.literal(" ");
  const month m = reader.month_name();
  reader.literal(" ");
  const day d(reader.padded_number());
  reader.literal(" ");
  const auto time = reader.time_of_day();
  reader.literal(" ");
  const year y(static_cast<int>(reader.number(4)));
  return combine(reader, y / m / d, time);
}

}  // namespace

void append_http_date(Buffer& out, sys_seconds time) {
  time = std::clamp(time, earliest, latest);
  const auto date = std::chrono::floor<days>(time);
  const year_month_day ymd(date);
  const auto second = static_cast<unsigned>((time - date).count());
  const auto y = static_cast<unsigned>(static_cast<int>(ymd.year()));
  char* p = out.reserve(http_date_size);
  p = write_text(p, weekdays.substr(std::chrono::weekday(date).c_encoding() * 3, 3));
  p = write_text(p, ", ");
  p = write2(p, static_cast<unsigned>(ymd.day()));
  *p++ = ' ';
  p = write_text(p, months.substr((static_cast<unsigned>(ymd.month()) - 1) * 3, 3));
  *p++ = ' ';
  p = write2(write2(p, y / 100), y % 100);
  *p++ = ' ';
  p = write2(p, second / 3600);
  *p++ = ':';
  p = write2(p, second / 60 % 60);
  *p++ = ':';
  p = write2(p, second % 60);
  write_text(p, " GMT");
  out.commit(http_date_size);
}

std::optional<sys_seconds> parse_http_date(std::string_view text, sys_seconds now) {
  if (text.size() < 4) return std::nullopt;
  if (text[3] == ',') return parse_imf(text);
  if (text[3] == ' ') return parse_asctime(text);
  return parse_rfc850(text, now);
}

}  // namespace weir::wire
