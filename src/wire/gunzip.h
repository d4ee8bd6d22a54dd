#pragma once
// gunzip(): undoes gzip (RFC 1952) for a message that is there whole, up to a bound, since a few
// bytes may become very many. Suspends nowhere: bound it so that it does not hold up a shard.

#include <string_view>

#include "base/buffer.h"
#include "base/result.h"

namespace weir::wire {

// Appends what `compressed` holds to `out`. Errors: limit (it is more than `bytes_max`), invalid
// (it is no gzip, is cut short, or something follows it).
Result<> gunzip(std::string_view compressed, size_t bytes_max, Buffer& out);

}  // namespace weir::wire
