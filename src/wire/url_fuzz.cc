// URLs and paths: the parts of an accepted URL are its text; a normal path is its own normal form,
// has no dot segments, and is no longer than the path it came from.
#include <string>
#include <vector>

#include "wire/scan.h"
#include "wire/url.h"

namespace weir::wire {
namespace {

void check_url(std::string_view text) {
  const auto url = parse_url(text);
  if (!url) return;
  WEIR_ASSERT(!url->authority.host.empty() && url->port() != 0);
  std::string joined = url->scheme == Scheme::http ? "http://" : "https://";
  const size_t scheme_size = joined.size();
  joined += url->authority.text;
  joined += url->path;
  if (url->has_query) joined += "?" + std::string(url->query);
  WEIR_ASSERT(joined.substr(scheme_size) == text.substr(scheme_size));
  WEIR_ASSERT(parse_authority(url->authority.text));
}

bool has_dot_segment(std::string_view path) {
  const std::string closed = std::string(path) + "/";
  return closed.contains("/./") || closed.contains("/../");
}

void check_path(std::string_view path) {
  Buffer normal, again;
  if (!normalise_path(path, normal)) return;
  WEIR_ASSERT(normal.view().starts_with('/') && normal.size() <= path.size());
  WEIR_ASSERT(!has_dot_segment(normal.view()));
  WEIR_ASSERT(normalise_path(normal.view(), again) && again.view() == normal.view());
}

void check_decode(std::string_view text) {
  Buffer out;
  if (!percent_decode(text, out)) return;
  std::string escaped;
  for (const char c : out.view()) {
    constexpr char digits[] = "0123456789abcdef";
    escaped += {'%', digits[c >> 4 & 15], digits[c & 15]};
  }
  Buffer again;
  WEIR_ASSERT(percent_decode(escaped, again) && again.view() == out.view());
}

}  // namespace
}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 1024) return 0;
  const std::vector<char> bytes(data, data + size);
  const std::string_view text(bytes.data(), bytes.size());
  weir::wire::check_url(text);
  weir::wire::check_path(text);
  weir::wire::check_decode(text);
  return 0;
}
