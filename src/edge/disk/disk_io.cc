#include "edge/disk/disk_io.h"

#include <algorithm>

namespace weir::edge::disk {

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Task<Result<>> make_lasting_directory(const DiskIo& io, std::string path) {
  WEIR_CO_CHECK(co_await runtime::make_directory(io.reactor, path, io.patient()));
  co_return co_await runtime::sync_directory(io.reactor, parent_of(path), io.patient());
}

Task<Result<FilePtr>> open_unbuffered(const DiskIo& io, const std::string& path,
                                      runtime::FileOptions options) {
  options.direct = true;
  Result<FilePtr> opened = co_await File::open(io.reactor, path, options, io.patient());
  if (opened || opened.error().code != ErrorCode::unsupported) co_return opened;
  options.direct = false;
  // The first attempt may have made it.
  options.exclusive = false;
  co_return co_await File::open(io.reactor, path, options, io.patient());
}

Task<Result<>> write_blocks(const DiskIo& io, File& file, uint64_t at, std::string_view bytes,
                            runtime::WriteMode mode) {
  AlignedBuffer buffer(bytes.size());
  buffer.resize(runtime::align_up(bytes.size(), block_bytes));
  std::ranges::copy(bytes, buffer.data());
  std::fill(buffer.data() + bytes.size(), buffer.data() + buffer.size(), '\0');
  Result<AlignedBuffer> written = co_await file.write_at(std::move(buffer), at, mode, io.patient());
  if (!written) co_return std::unexpected(written.error());
  co_return Result<>{};
}

}  // namespace weir::edge::disk
