#pragma once
// BodyReader: the body of one HTTP/1.1 message, decoded, as views of the connection's input;
// nothing is copied. Whoever does not read does not receive: that is the back-pressure. Lives
// inside one exchange.

#include <optional>
#include <string_view>

#include "net/input_buffer.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "wire/http1_chunked.h"

namespace weir::net {

class BodyReader {
 public:
  BodyReader(runtime::Stream& stream, InputBuffer& input) : stream_(stream), input_(input) {}

  // Starts with the bytes that are unread behind the head.
  void begin(const wire::BodyFraming& framing, const wire::ChunkLimits& limits = {});

  // The next piece of the body, never empty before the end; empty once it has ended as its framing
  // says. Valid until the next call. Errors: closed (ended early: what was read is torn), invalid
  // (broken chunk; reason()), and those of Stream::recv().
  runtime::Task<Result<std::string_view>> read(runtime::Wait wait);
  // Says that the last piece is no longer needed, so that what lies behind it can be looked at.
  void release_piece();
  // What can be had without waiting; empty when nothing can (then look at done()). Errors: invalid.
  Result<std::string_view> read_ready();

  // How much of a body of known length is to come; 0 of others.
  uint64_t left() const { return left_; }
  // `bytes` of those that are to come went another way.
  void skip(uint64_t bytes);

  // All of it has been read.
  bool done() const { return done_; }
  const wire::BodyFraming& framing() const { return framing_; }
  uint64_t bytes() const { return bytes_; }
  // After done(): the trailer fields of a chunked body.
  const wire::Fields* trailers() const { return decoder_ ? &decoder_->trailers() : nullptr; }
  const char* reason() const { return decoder_ ? decoder_->reason() : ""; }

 private:
  Result<std::string_view> next_chunked();
  std::string_view hand_out(size_t bytes);

  runtime::Stream& stream_;
  InputBuffer& input_;
  wire::BodyFraming framing_;
  std::optional<wire::ChunkedDecoder> decoder_;
  uint64_t bytes_ = 0;
  uint64_t left_ = 0;      // of a content_length body
  size_t handed_out_ = 0;  // of the input, to be consumed with the next call
  bool done_ = true;
};

}  // namespace weir::net
