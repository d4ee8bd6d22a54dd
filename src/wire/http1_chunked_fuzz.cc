// Chunked bodies: in pieces (the first byte gives their size) they read as in one, and what is
// accepted is written again as a body that reads the same.
#include <string>
#include <vector>

#include "wire/http1_chunked.h"
#include "wire/http1_write.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

using Event = ChunkedDecoder::Event;

struct Decoded {
  Event last = Event::need_more;
  std::string body;
  size_t consumed = 0;
  std::string trailers;
};

Decoded decode(std::string_view input, size_t piece) {
  ChunkedDecoder decoder;
  Decoded decoded;
  for (size_t at = 0; at < input.size() && decoded.last == Event::need_more; at += piece) {
    const std::string_view part = input.substr(at, piece);
    const std::vector<char> block(part.begin(), part.end());
    std::string_view rest(block.data(), block.size());
    do {
      const auto step = decoder.next(rest);
      WEIR_ASSERT(step.consumed <= rest.size());
      WEIR_ASSERT(step.event != Event::need_more || step.consumed == rest.size());
      WEIR_ASSERT(step.event != Event::data || !step.data.empty());
      decoded.last = step.event;
      decoded.body += step.data;
      decoded.consumed += step.consumed;
      rest.remove_prefix(step.consumed);
    } while (decoded.last == Event::data);
  }
  WEIR_ASSERT(decoder.body_bytes() == decoded.body.size());
  Buffer trailers;
  for (const Field& field : decoder.trailers())
    append_field(trailers, field);
  decoded.trailers = trailers.view();
  return decoded;
}

void check_written_again(const Decoded& decoded) {
  Buffer out;
  if (!decoded.body.empty()) {
    append_chunk_head(out, decoded.body.size());
    out.append(decoded.body);
    out.append("\r\n");
  }
  out.append("0\r\n");
  out.append(decoded.trailers);
  out.append("\r\n");
  const Decoded again = decode(out.view(), out.size());
  WEIR_ASSERT(again.last == Event::done && again.consumed == out.size());
  WEIR_ASSERT(again.body == decoded.body && again.trailers == decoded.trailers);
}

}  // namespace
}  // namespace weir::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::wire;
  if (size == 0 || size > 4096) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Decoded whole = decode(input, input.size() + 1);
  const Decoded pieces = decode(input, data[0] % 16 + size_t{1});
  WEIR_ASSERT(whole.last == pieces.last && whole.body == pieces.body);
  WEIR_ASSERT(whole.consumed == pieces.consumed && whole.trailers == pieces.trailers);
  if (whole.last == Event::done) check_written_again(whole);
  return 0;
}
