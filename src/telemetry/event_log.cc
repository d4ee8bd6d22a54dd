#include "telemetry/event_log.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <string>
#include <time.h>
#include <unistd.h>

#include "telemetry/event_outbox.h"

namespace weir::telemetry {

namespace {

constexpr int64_t second_ns = 1'000'000'000;
constexpr std::array<std::string_view, 4> level_names{"DEBUG", "INFO ", "WARN ", "ERROR"};

int64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * second_ns + now.tv_nsec;
}

// A line of bounded length; what does not fit is cut.
class LineBuilder {
 public:
  void add(std::string_view text) {
    const size_t size = std::min(text.size(), text_.size() - 1 - size_);
    std::memcpy(text_.data() + size_, text.data(), size);
    size_ += size;
  }
  void add(char c) { add(std::string_view(&c, 1)); }

  void add_time(int64_t wall_ns) {
    const time_t seconds = wall_ns / second_ns;
    tm date{};
    ::gmtime_r(&seconds, &date);
    char text[40];
    const int size =
        std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", date.tm_year + 1900,
                      date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec,
                      static_cast<int>(wall_ns % second_ns / 1'000'000));
    add({text, std::min(sizeof text - 1, static_cast<size_t>(size))});
  }

  template <class Number>
  void add_number(Number number) {
    char text[32];
    add({text, std::to_chars(text, text + sizeof text, number).ptr});
  }

  // Control characters never reach the terminal; anything but plain words is quoted.
  void add_value(std::string_view value) {
    const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
      return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7f;
    });
    if (plain) return add(value);
    add('"');
    add_escaped(value, true);
    add('"');
  }

  void add_escaped(std::string_view text, bool quotes) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7f) {
        constexpr std::string_view digits = "0123456789abcdef";
        const char escape[] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        add({escape, sizeof escape});
        continue;
      }
      if (quotes && (c == '"' || c == '\\')) add('\\');
      add(c);
    }
  }

  void add_field(const LogField& field) {
    add(' ');
    add(field.key);
    add('=');
    if (const auto* integer = std::get_if<int64_t>(&field.value)) return add_number(*integer);
    if (const auto* real = std::get_if<double>(&field.value)) return add_number(*real);
    add_value(std::get<std::string_view>(field.value));
  }

  std::string_view finish() {
    text_[size_++] = '\n';
    return {text_.data(), size_};
  }

 private:
  std::array<char, 2048> text_;
  size_t size_ = 0;
};

// Bounded like the line, in which they would be cut as well.
std::string cut(std::string_view text) {
  return std::string(text.substr(0, LoggedLine::text_bytes_max));
}

LoggedLine::Value value_of(const LogField& field) {
  if (const auto* integer = std::get_if<int64_t>(&field.value)) return *integer;
  if (const auto* real = std::get_if<double>(&field.value)) return *real;
  return cut(std::get<std::string_view>(field.value));
}

}  // namespace

// A bucket of `burst` lines that refills one a second, kept as the time at which it is full.
bool LogSite::admit(int64_t now_ns, uint64_t& suppressed) {
  int64_t full_at = full_at_ns_.load(std::memory_order_relaxed);
  while (true) {
    const int64_t next = std::max(full_at, now_ns) + second_ns;
    if (next > now_ns + burst * second_ns) {
      suppressed_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    if (full_at_ns_.compare_exchange_weak(full_at, next, std::memory_order_relaxed)) break;
  }
  suppressed = suppressed_.exchange(0, std::memory_order_relaxed);
  return true;
}

void EventLog::write(LogSite& site, LogLevel level, std::string_view module,
                     std::string_view message, std::initializer_list<LogField> fields) {
  if (!enabled(level)) return;
  uint64_t left_out = 0;
  if (!site.admit(clock_ns(CLOCK_MONOTONIC), left_out)) {
    suppressed_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const int64_t wall_ns = clock_ns(CLOCK_REALTIME);
  LineBuilder line;
  line.add_time(wall_ns);
  line.add(' ');
  line.add(level_names[static_cast<size_t>(level)]);
  line.add(' ');
  line.add(module);
  line.add(' ');
  line.add_escaped(message, false);
  for (const LogField& field : fields)
    line.add_field(field);
  if (left_out != 0) line.add_field(LogField("suppressed", left_out));
  emit(line.finish());
  EventOutbox* const outbox = outbox_.load(std::memory_order_acquire);
  if (!outbox || !outbox->enabled()) return;
  LoggedLine logged{wall_ns, level, std::string(module), cut(message), {}};
  for (const LogField& field : fields)
    if (logged.fields.size() < LoggedLine::fields_max)
      logged.fields.emplace_back(field.key, value_of(field));
  if (left_out != 0) logged.fields.emplace_back("suppressed", static_cast<int64_t>(left_out));
  outbox->put(std::move(logged));
}

void EventLog::emit(std::string_view line) {
  pollfd ready{fd_, POLLOUT, 0};
  const bool writable = ::poll(&ready, 1, 10) == 1 && (ready.revents & POLLOUT) != 0;
  ssize_t size = -1;
  do {
    size = writable ? ::write(fd_, line.data(), line.size()) : -1;
  } while (writable && size < 0 && errno == EINTR);
  // The rest of a line that was taken in part is not tried again: it would hold up the caller.
  auto& count = size > 0 ? written_ : dropped_;
  count.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace weir::telemetry
