#include "wire/http1_write.h"

#include <array>
#include <charconv>
#include <cstring>

#include "wire/scan.h"

namespace weir::wire {
namespace {

struct Reason {
  uint16_t status;
  std::string_view line;  // "HTTP/1.1 200 OK\r\n"
};

// In ascending order.
#define WEIR_REASON(status, text) {status, "HTTP/1.1 " #status " " text "\r\n"}
constexpr Reason reasons[] = {
    WEIR_REASON(100, "Continue"),
    WEIR_REASON(101, "Switching Protocols"),
    WEIR_REASON(102, "Processing"),
    WEIR_REASON(103, "Early Hints"),
    WEIR_REASON(200, "OK"),
    WEIR_REASON(201, "Created"),
    WEIR_REASON(202, "Accepted"),
    WEIR_REASON(203, "Non-Authoritative Information"),
    WEIR_REASON(204, "No Content"),
    WEIR_REASON(205, "Reset Content"),
    WEIR_REASON(206, "Partial Content"),
    WEIR_REASON(207, "Multi-Status"),
    WEIR_REASON(208, "Already Reported"),
    WEIR_REASON(226, "IM Used"),
    WEIR_REASON(300, "Multiple Choices"),
    WEIR_REASON(301, "Moved Permanently"),
    WEIR_REASON(302, "Found"),
    WEIR_REASON(303, "See Other"),
    WEIR_REASON(304, "Not Modified"),
    WEIR_REASON(305, "Use Proxy"),
    WEIR_REASON(307, "Temporary Redirect"),
    WEIR_REASON(308, "Permanent Redirect"),
    WEIR_REASON(400, "Bad Request"),
    WEIR_REASON(401, "Unauthorized"),
    WEIR_REASON(402, "Payment Required"),
    WEIR_REASON(403, "Forbidden"),
    WEIR_REASON(404, "Not Found"),
    WEIR_REASON(405, "Method Not Allowed"),
    WEIR_REASON(406, "Not Acceptable"),
    WEIR_REASON(407, "Proxy Authentication Required"),
    WEIR_REASON(408, "Request Timeout"),
    WEIR_REASON(409, "Conflict"),
    WEIR_REASON(410, "Gone"),
    WEIR_REASON(411, "Length Required"),
    WEIR_REASON(412, "Precondition Failed"),
    WEIR_REASON(413, "Content Too Large"),
    WEIR_REASON(414, "URI Too Long"),
    WEIR_REASON(415, "Unsupported Media Type"),
    WEIR_REASON(416, "Range Not Satisfiable"),
    WEIR_REASON(417, "Expectation Failed"),
    WEIR_REASON(421, "Misdirected Request"),
    WEIR_REASON(422, "Unprocessable Content"),
    WEIR_REASON(423, "Locked"),
    WEIR_REASON(424, "Failed Dependency"),
    WEIR_REASON(425, "Too Early"),
    WEIR_REASON(426, "Upgrade Required"),
    WEIR_REASON(428, "Precondition Required"),
    WEIR_REASON(429, "Too Many Requests"),
    WEIR_REASON(431, "Request Header Fields Too Large"),
    WEIR_REASON(451, "Unavailable For Legal Reasons"),
    WEIR_REASON(500, "Internal Server Error"),
    WEIR_REASON(501, "Not Implemented"),
    WEIR_REASON(502, "Bad Gateway"),
    WEIR_REASON(503, "Service Unavailable"),
    WEIR_REASON(504, "Gateway Timeout"),
    WEIR_REASON(505, "HTTP Version Not Supported"),
    WEIR_REASON(506, "Variant Also Negotiates"),
    WEIR_REASON(507, "Insufficient Storage"),
    WEIR_REASON(508, "Loop Detected"),
    WEIR_REASON(511, "Network Authentication Required"),
};
#undef WEIR_REASON

constexpr uint16_t status_first = 100, status_last = 511;
constexpr uint8_t no_reason = 0xff;

// Index into `reasons` of each status.
constexpr auto reason_index = [] {
  std::array<uint8_t, status_last - status_first + 1> index;
  index.fill(no_reason);
  for (size_t i = 0; i < std::size(reasons); ++i)
    index[reasons[i].status - status_first] = static_cast<uint8_t>(i);
  return index;
}();

// Empty when the status has none.
std::string_view prebuilt_line(uint16_t status) {
  if (status < status_first || status > status_last) return {};
  const uint8_t index = reason_index[status - status_first];
  return index == no_reason ? std::string_view() : reasons[index].line;
}

constexpr KnownFieldSet always_hop_by_hop(KnownField::connection, KnownField::keep_alive,
                                          KnownField::proxy_connection, KnownField::te,
                                          KnownField::transfer_encoding, KnownField::upgrade,
                                          KnownField::proxy_authenticate,
                                          KnownField::proxy_authorization,
                                          KnownField::http2_settings);

}  // namespace

void append_status_line(Buffer& out, uint16_t status, std::string_view reason) {
  const std::string_view line = prebuilt_line(status);
  if (reason.empty() && !line.empty()) return out.append(line);
  out.append("HTTP/1.1 ");
  append_decimal(out, status);
  out.append(' ');
  out.append(reason);
  out.append("\r\n");
}

void append_request_line(Buffer& out, std::string_view method, std::string_view target) {
  constexpr std::string_view version = " HTTP/1.1\r\n";
  const size_t size = method.size() + 1 + target.size() + version.size();
  char* p = out.reserve(size);
  std::memcpy(p, method.data(), method.size());
  p += method.size();
  *p++ = ' ';
  std::memcpy(p, target.data(), target.size());
  std::memcpy(p + target.size(), version.data(), version.size());
  out.commit(size);
}

void append_field(Buffer& out, std::string_view name, std::string_view value) {
  const size_t size = name.size() + 2 + value.size() + 2;
  char* p = out.reserve(size);
  std::memcpy(p, name.data(), name.size());
  p += name.size();
  *p++ = ':';
  *p++ = ' ';
  if (!value.empty()) std::memcpy(p, value.data(), value.size());
  p += value.size();
  *p++ = '\r';
  *p = '\n';
  out.commit(size);
}

void append_field(Buffer& out, std::string_view name, uint64_t value) {
  char digits[20];
  const auto result = std::to_chars(digits, digits + sizeof digits, value);
  append_field(out, name, std::string_view(digits, result.ptr));
}

void append_decimal(Buffer& out, uint64_t value) {
  char* p = out.reserve(20);
  out.commit(static_cast<size_t>(std::to_chars(p, p + 20, value).ptr - p));
}

std::string_view reason_phrase(uint16_t status) {
  const std::string_view line = prebuilt_line(status);
  return line.empty() ? line : line.substr(13, line.size() - 15);
}

bool is_field_value(std::string_view value) {
  return all_of(value_bytes, value) && trim_ows(value).size() == value.size();
}

HopByHop::HopByHop(const Fields& fields) : fields_(fields), known_(always_hop_by_hop) {
  ListElements list(fields, KnownField::connection);
  for (std::string_view option; list.next(option);) {
    const KnownField id = known_field(option);
    if (id == KnownField::unknown)
      lists_unknown_ |= !equal_ignoring_case(option, "close");
    else if (id != KnownField::content_length && id != KnownField::host)
      known_.add(id);
  }
}

bool HopByHop::listed(std::string_view name) const {
  return list_contains(fields_, KnownField::connection, name);
}

}  // namespace weir::wire
