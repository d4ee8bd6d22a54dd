#pragma once
// The parts of the demo site that are made once and kept: the page, its style, its pictures and the
// list of products, each with a validator.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::demo {

struct Kept {
  std::string_view path;
  std::string_view content_type;
  std::string_view cache_control;
  std::string body;
  std::string etag;           // with its quotes
  std::string last_modified;  // set by whoever knows the time
};

std::vector<Kept> make_site();

// An 8-bit RGB picture of a gradient as PNG, its pixels not compressed: 3 * width * height bytes
// and some (RFC 2083).
std::string make_gradient_png(uint32_t width, uint32_t height);

}  // namespace weir::demo
