// Vary and variant keys. First line: the value of Vary; then values of fields that it may name. The
// normal form is its own normal form; keys are bounded, equal for the same request, and different
// when a named field is there in one request and not in the other.
#include <array>
#include <string>
#include <vector>

#include "base/assert.h"
#include "edge/rules/vary.h"

namespace weir::edge {
namespace {

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return wire::trim_ows(line);
}

// The key, or "-" where there is none.
std::string key(std::string_view vary, const wire::Fields& request) {
  Buffer out;
  out.append('|');
  if (!append_variant_key(out, vary, request)) {
    WEIR_ASSERT(out.view() == "|");
    return "-";
  }
  WEIR_ASSERT(out.size() <= variant_key_bytes_max + 1);
  return std::string(out.view());
}

void check_normal_form(std::string_view value, std::string& normal) {
  std::array<wire::Field, 2> storage;
  wire::Fields response(storage);
  response.push("Vary", value);
  Buffer out;
  const VaryKind kind = append_vary(out, response);
  WEIR_ASSERT(kind == vary_kind(response));
  WEIR_ASSERT((kind == VaryKind::names) == !out.empty());
  normal = out.view();
  if (kind != VaryKind::names) return;
  wire::Fields again(storage);
  again.push("Vary", out.view());
  Buffer twice;
  WEIR_ASSERT(append_vary(twice, again) == VaryKind::names && twice.view() == out.view());
  response.push("Vary", "*");
  WEIR_ASSERT(vary_kind(response) == VaryKind::any);
}

void check_request(std::string_view vary, std::string_view lines) {
  static constexpr std::string_view names[] = {
      "Accept-Encoding", "Accept-Language", "Foo", "User-Agent", "Foo", "Accept-Language"};
  std::array<wire::Field, std::size(names) + 1> storage;
  wire::Fields request(storage);
  for (const std::string_view name : names) {
    const std::string_view value = take_line(lines);
    if (value.find_first_of("\r\0") == value.npos) request.push(name, value);
  }
  const std::string before = key(vary, request);
  WEIR_ASSERT(key(vary, request) == before);
  request.push("X-Probe", "1");
  WEIR_ASSERT(key(vary, request) == before);
  const std::string with_probe = std::string(vary) + (vary.empty() ? "" : ",") + "x-probe";
  wire::Fields without(storage);
  const std::string keyed = key(with_probe, request);
  WEIR_ASSERT(keyed == "-" || keyed != key(with_probe, without));
  const std::string_view language = preferred_language(request);
  Buffer out;
  append_language_key(out, vary, request, language);
  append_accept_encoding(out, accepted_codings(request));
  wire::Fields answer(storage);
  answer.push("Content-Encoding", take_line(lines));
  is_keyed_coding(answer);
}

}  // namespace
}  // namespace weir::edge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 2048) return 0;
  const std::vector<char> bytes(data, data + size);
  std::string_view text(bytes.data(), bytes.size());
  std::string normal;
  weir::edge::check_normal_form(weir::edge::take_line(text), normal);
  weir::edge::check_request(normal, text);
  return 0;
}
