#pragma once
// Numbers as they stand on disk: little endian, at any address. Values only.

#include <bit>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::edge::disk {

static_assert(std::endian::native == std::endian::little, "formats are written as memory has them");

template <class T>
T get(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <class T>
void put(std::string& out, size_t at, T value) {
  std::memcpy(out.data() + at, &value, sizeof value);
}

}  // namespace weir::edge::disk
