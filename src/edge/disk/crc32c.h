#pragma once
// crc32c(): the checksum of everything on disk (Castagnoli, as in RFC 3720), by the processor's own
// instruction where it has one. Finds what a disk breaks, not what somebody forges.

#include <cstdint>
#include <string_view>

namespace weir::edge::disk {

// Of `bytes`, or, with the result of what came before, of both together.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

}  // namespace weir::edge::disk
