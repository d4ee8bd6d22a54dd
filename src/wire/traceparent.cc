#include "wire/traceparent.h"

#include <algorithm>
#include <array>

#include "base/hex.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

constexpr bool is_lower_hex(unsigned char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}
constexpr ByteSet lower_hex_bytes = make_byte_set(is_lower_hex);
constexpr ByteSet key_bytes = make_byte_set([](unsigned char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == '*' || c == '/';
});
constexpr ByteSet member_value_bytes =
    make_byte_set([](unsigned char c) { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; });

// At most 16 digits that were checked.
uint64_t hex_value(std::string_view digits) {
  uint64_t value = 0;
  for (const char c : digits)
    value = value << 4 | static_cast<uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  return value;
}

bool is_key_part(std::string_view text, size_t bytes_max) {
  if (text.empty() || text.size() > bytes_max || !all_of(key_bytes, text)) return false;
  return is_digit(static_cast<unsigned char>(text.front())) || text.front() >= 'a';
}

struct Members {
  std::array<std::string_view, tracestate_members_max> list;  // each "key=value"
  size_t count = 0;
};

std::string_view key_of(std::string_view member) {
  return member.substr(0, member.find('='));
}

bool add_member(std::string_view member, Members& members) {
  const size_t equals = member.find('=');
  if (equals == std::string_view::npos || members.count == members.list.size()) return false;
  const std::string_view key = member.substr(0, equals);
  if (!is_tracestate_key(key) || !is_tracestate_value(member.substr(equals + 1))) return false;
  for (size_t i = 0; i < members.count; ++i)
    if (key_of(members.list[i]) == key) return false;
  members.list[members.count++] = member;
  return true;
}

// Not ListElements: here a quote is a character like any other.
bool add_members(std::string_view value, Members& members) {
  while (!value.empty()) {
    const size_t comma = std::min(value.find(','), value.size());
    const std::string_view member = trim_ows(value.substr(0, comma));
    value.remove_prefix(std::min(comma + 1, value.size()));
    if (!member.empty() && !add_member(member, members)) return false;
  }
  return true;
}

bool collect(HeaderValues values, Members& members) {
  for (std::string_view value; values.next(value);)
    if (!add_members(value, members)) return false;
  return true;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  if (text.size() < traceparent_size) return std::nullopt;
  const std::string_view version = text.substr(0, 2), trace = text.substr(3, 32),
                         span = text.substr(36, 16), flags = text.substr(53, 2);
  for (const std::string_view part : {version, trace, span, flags})
    if (!all_of(lower_hex_bytes, part)) return std::nullopt;
  if (text[2] != '-' || text[35] != '-' || text[52] != '-' || version == "ff") return std::nullopt;
  if (text.size() > traceparent_size && (version == "00" || text[traceparent_size] != '-'))
    return std::nullopt;
  TraceContext context;
  context.trace = {hex_value(trace.substr(0, 16)), hex_value(trace.substr(16))};
  context.span = {hex_value(span)};
  context.flags =
      static_cast<uint8_t>(hex_value(flags) & (TraceContext::sampled | TraceContext::random));
  if (!context) return std::nullopt;
  return context;
}

std::optional<TraceContext> trace_context_of(HeaderValues values) {
  std::string_view only, another;
  if (!values.next(only) || values.next(another)) return std::nullopt;
  return parse_traceparent(only);
}

void append_traceparent(Buffer& out, const TraceContext& context) {
  char* p = out.reserve(traceparent_size);
  p = std::copy_n("00-", 3, p);
  p = write_hex(context.trace.low, write_hex(context.trace.high, p));
  *p++ = '-';
  p = write_hex(context.span.value, p);
  *p++ = '-';
  write_hex(static_cast<uint8_t>(context.flags), p);
  out.commit(traceparent_size);
}

bool is_tracestate_key(std::string_view key) {
  const size_t at = key.find('@');
  if (at == key.npos) return is_key_part(key, 256);
  const std::string_view system = key.substr(at + 1);
  return is_key_part(key.substr(0, at), 241) && is_key_part(system, 14) && system.front() >= 'a';
}

bool is_tracestate_value(std::string_view value) {
  return !value.empty() && value.size() <= 256 && value.back() != ' ' &&
         all_of(member_value_bytes, value);
}

std::string_view tracestate_member(HeaderValues values, std::string_view key) {
  Members members;
  if (!collect(values, members)) return {};
  for (size_t i = 0; i < members.count; ++i)
    if (key_of(members.list[i]) == key) return members.list[i].substr(key.size() + 1);
  return {};
}

bool append_tracestate(Buffer& out, HeaderValues values, std::string_view own_key,
                       std::string_view own_value) {
  Members members;
  const bool valid = collect(values, members);
  if (!valid) members.count = 0;
  size_t written = 0;
  if (!own_key.empty() && !own_value.empty()) {
    out.append(own_key);
    out.append('=');
    out.append(own_value);
    ++written;
  }
  for (size_t i = 0; i < members.count && written < tracestate_members_max; ++i) {
    if (key_of(members.list[i]) == own_key) continue;
    if (written++ > 0) out.append(',');
    out.append(members.list[i]);
  }
  return valid;
}

}  // namespace weir::wire
