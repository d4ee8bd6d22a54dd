#include "otlp/packer.h"

namespace weir::otlp {
namespace {

constexpr size_t bytes_a_slice = 8 * 1024;

}  // namespace

runtime::Task<Message> Packer::pack(std::string_view body) {
  if (compression_ == Compression::none) co_return Message{body};
  Work work(reactor_, tracing_);
  gzip_.begin();
  while (!body.empty()) {
    const std::string_view slice = body.substr(0, bytes_a_slice);
    gzip_.add(slice);
    body.remove_prefix(slice.size());
    co_await work.let_others();
  }
  co_return Message{gzip_.end(), true};
}

}  // namespace weir::otlp
