#include "edge/rules/cache_key.h"

#include <algorithm>
#include <array>

#include "wire/http1_write.h"

namespace weir::edge {
namespace {

// More parameters than this are kept as they came: sorting them is not worth the time.
constexpr size_t sorted_parameters_max = 128;

struct Parameter {
  std::string_view text;  // "name=value"
  std::string_view name;  // as it was sent
};

Parameter take_parameter(std::string_view& query) {
  const size_t end = std::min(query.find('&'), query.size());
  const std::string_view text = query.substr(0, end);
  query.remove_prefix(std::min(end + 1, query.size()));
  return {text, text.substr(0, text.find('='))};
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Compares a name as it was sent with one of ours, decoding on the way: an origin decodes it too.
bool fits(std::string_view sent, std::string_view pattern) {
  const bool open = pattern.ends_with('*');
  if (open) pattern.remove_suffix(1);
  size_t i = 0;
  for (const char expected : pattern) {
    if (i == sent.size()) return false;
    char c = sent[i++];
    if (c == '+') c = ' ';
    if (c == '%' && i + 1 < sent.size() && hex_value(sent[i]) >= 0 && hex_value(sent[i + 1]) >= 0) {
      c = static_cast<char>(hex_value(sent[i]) << 4 | hex_value(sent[i + 1]));
      i += 2;
    }
    if (c != expected) return false;
  }
  return open || i == sent.size();
}

bool keeps(const QueryRule& rule, std::string_view name) {
  if (rule.keep == QueryRule::Keep::all) return true;
  const bool listed = std::ranges::any_of(
      rule.names, [&](const std::string& pattern) { return fits(name, pattern); });
  return listed == (rule.keep == QueryRule::Keep::only);
}

void append_parameter(Buffer& out, size_t begin, std::string_view text) {
  if (out.size() > begin) out.append('&');
  out.append(text);
}

// False when there are too many to sort.
bool append_sorted(Buffer& out, std::string_view query, const QueryRule& rule) {
  std::array<Parameter, sorted_parameters_max> parameters;
  size_t count = 0;
  while (!query.empty()) {
    const Parameter parameter = take_parameter(query);
    if (parameter.text.empty() || !keeps(rule, parameter.name)) continue;
    if (count == parameters.size()) return false;
    parameters[count++] = parameter;
  }
  const auto kept = std::span(parameters).first(count);
  // Parameters of one name keep their order, which may mean something; their place in the query
  // decides, because a stable sort may allocate.
  std::ranges::sort(kept, [](const Parameter& a, const Parameter& b) {
    return a.name != b.name ? a.name < b.name : a.text.data() < b.text.data();
  });
  const size_t begin = out.size();
  for (const Parameter& parameter : kept)
    append_parameter(out, begin, parameter.text);
  return true;
}

}  // namespace

void append_kept_query(Buffer& out, std::string_view query, const QueryRule& rule) {
  if (!rule.rewrites()) return out.append(query);
  if (rule.keep == QueryRule::Keep::none) return;
  if (rule.sorted && append_sorted(out, query, rule)) return;
  const size_t begin = out.size();
  while (!query.empty()) {
    const Parameter parameter = take_parameter(query);
    if (parameter.text.empty() || !keeps(rule, parameter.name)) continue;
    append_parameter(out, begin, parameter.text);
  }
}

bool append_cache_key(Buffer& out, const TargetUrl& url, const QueryRule& rule) {
  const size_t begin = out.size();
  out.append(url.scheme == wire::Scheme::https ? "https://" : "http://");
  char* host = out.reserve(url.host.host.size());
  std::ranges::transform(url.host.host, host, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  out.commit(url.host.host.size());
  if (url.host.port != 0 && url.host.port != wire::default_port(url.scheme)) {
    out.append(':');
    wire::append_decimal(out, url.host.port);
  }
  out.append(url.path);
  if (url.has_query) {
    const size_t before = out.size();
    out.append('?');
    append_kept_query(out, url.query, rule);
    // A query of which nothing is kept is none.
    if (rule.rewrites() && out.size() == before + 1) out.truncate(before);
  }
  if (out.size() - begin <= cache_key_bytes_max) return true;
  out.truncate(begin);
  return false;
}

bool looks_up(wire::RequestMethod method) {
  return method == wire::RequestMethod::get || method == wire::RequestMethod::head;
}

}  // namespace weir::edge
