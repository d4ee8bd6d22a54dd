#pragma once
// call_file_system(): does one file request with the system's blocking calls, on whatever thread
// calls it. For the file threads; never on a shard.

#include "runtime/file_operation.h"

namespace weir::runtime {

// The result of the call, or -errno. Fills the request's buffer or entries.
int64_t call_file_system(FileRequest& request);

// How every back end creates files and directories: for the owner alone.
inline constexpr unsigned file_mode = 0600, directory_mode = 0700;

}  // namespace weir::runtime
