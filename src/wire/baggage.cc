#include "wire/baggage.h"

#include <algorithm>

#include "wire/scan.h"

namespace weir::wire {
namespace {

constexpr ByteSet value_bytes = make_byte_set([](unsigned char c) {
  return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
});

// Cuts off what is before `separator`, or all, and returns it without the white space around it.
std::string_view cut(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = trim_ows(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

// "key" counts where a value is not asked for.
bool is_pair(std::string_view text, bool value_wanted) {
  const size_t equals = text.find('=');
  const std::string_view key = trim_ows(text.substr(0, equals));
  if (!is_token(key)) return false;
  if (equals == text.npos) return !value_wanted;
  return all_of(value_bytes, trim_ows(text.substr(equals + 1)));
}

}  // namespace

bool is_baggage_member(std::string_view member) {
  if (member.ends_with(';') || !is_pair(cut(member, ';'), true)) return false;
  while (!member.empty())
    if (!is_pair(cut(member, ';'), false)) return false;
  return true;
}

size_t append_baggage(Buffer& out, HeaderValues values) {
  const size_t begin = out.size();
  size_t members = 0, left_out = 0;
  const auto append = [&](std::string_view member) {
    const bool fits = members < baggage_members_max &&
                      out.size() - begin + 1 + member.size() <= baggage_bytes_max;
    if (!fits || !is_baggage_member(member)) return false;
    if (members++ > 0) out.append(',');
    out.append(member);
    return true;
  };
  for (std::string_view rest; values.next(rest);) {
    while (!rest.empty()) {
      const std::string_view member = cut(rest, ',');
      if (!member.empty() && !append(member)) ++left_out;
    }
  }
  return left_out;
}

}  // namespace weir::wire
