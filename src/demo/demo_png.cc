#include <algorithm>
#include <array>
#include <cstdint>

#include "demo/demo_site.h"

namespace weir::demo {
namespace {

// The CRC of PNG chunks (RFC 2083, appendix).
constexpr std::array<uint32_t, 256> crc_table = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t n = 0; n < 256; ++n) {
    uint32_t c = n;
    for (int bit = 0; bit < 8; ++bit)
      c = (c & 1) ? 0xedb88320u ^ (c >> 1) : c >> 1;
    table[n] = c;
  }
  return table;
}();

uint32_t crc_of(std::string_view bytes) {
  uint32_t c = 0xffffffffu;
  for (const char byte : bytes)
    c = crc_table[(c ^ static_cast<uint8_t>(byte)) & 0xff] ^ (c >> 8);
  return ~c;
}

// The checksum of a zlib stream (RFC 1950 9).
uint32_t adler_of(std::string_view bytes) {
  uint32_t a = 1, b = 0;
  for (const char byte : bytes) {
    a = (a + static_cast<uint8_t>(byte)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

void append_big_endian(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xff);
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_big_endian(out, static_cast<uint32_t>(data.size()));
  const size_t from = out.size();
  out += type;
  out += data;
  append_big_endian(out, crc_of(std::string_view(out).substr(from)));
}

// zlib with stored blocks of at most 65535 bytes (RFC 1951 3.2.4).
std::string stored_zlib(std::string_view bytes) {
  std::string out("\x78\x01", 2);
  const uint32_t checksum = adler_of(bytes);
  do {
    const auto size = static_cast<uint16_t>(std::min<size_t>(bytes.size(), 65535));
    const auto inverted = static_cast<uint16_t>(~size);
    out += static_cast<char>(size == bytes.size() ? 1 : 0);
    for (const uint16_t word : {size, inverted}) {
      out += static_cast<char>(word & 0xff);
      out += static_cast<char>(word >> 8);
    }
    out += bytes.substr(0, size);
    bytes.remove_prefix(size);
  } while (!bytes.empty());
  append_big_endian(out, checksum);
  return out;
}

}  // namespace

std::string make_gradient_png(uint32_t width, uint32_t height) {
  std::string pixels;
  for (uint32_t y = 0; y < height; ++y) {
    pixels += '\0';  // this row is not filtered
    for (uint32_t x = 0; x < width; ++x) {
      pixels += static_cast<char>(255 * x / width);
      pixels += static_cast<char>(255 * y / height);
      pixels += static_cast<char>(160);
    }
  }
  std::string header;
  append_big_endian(header, width);
  append_big_endian(header, height);
  header += std::string("\x08\x02\x00\x00\x00", 5);  // 8 bits, RGB
  std::string png("\x89PNG\r\n\x1a\n", 8);
  append_chunk(png, "IHDR", header);
  append_chunk(png, "IDAT", stored_zlib(pixels));
  append_chunk(png, "IEND", "");
  return png;
}

}  // namespace weir::demo
