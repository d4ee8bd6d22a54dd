#pragma once
// MessageReader: reads HTTP/1.1 messages from a stream with the wire's parsers and nothing of net/,
// so that the judge of a simulation shares no reading code with what it judges. Copies freely.
// Holds at most a head, or a body of 1 MiB.

#include <string>

#include "base/buffer.h"
#include "runtime/stream.h"
#include "wire/http1_chunked.h"

namespace weir::sim {

class MessageReader {
 public:
  // Waits up to `pause_max` before every receive: a slow reader.
  MessageReader(runtime::Stream& stream, Duration pause_max)
      : stream_(stream), pause_max_(pause_max) {}

  // The next head. `parse` is called with all unread bytes until it answers something other than
  // incomplete, which this answers; the parsed views live until anything else is called. Errors:
  // closed, and those of Stream::recv().
  template <class Parse>
  runtime::Task<Result<wire::HeadResult>> read_head(Parse& parse, runtime::Wait wait) {
    for (;;) {
      const wire::HeadResult result = parse(input_.view());
      if (!result.incomplete()) co_return result;
      WEIR_CO_CHECK(co_await more(wait));
    }
  }
  void consume(size_t bytes) { input_.consume(bytes); }
  // Consumes bytes that outlive the reading of what is behind them.
  std::string take(size_t bytes) {
    std::string taken(input_.view().substr(0, bytes));
    input_.consume(bytes);
    return taken;
  }
  bool has_unread() const { return !input_.empty(); }

  // The whole body; errors as above, closed when it ends early, invalid when its chunks are broken.
  runtime::Task<Result<std::string>> read_body(wire::BodyFraming framing, runtime::Wait wait);
  // Of the last chunked body.
  std::string_view trailer() const { return trailer_; }

 private:
  static constexpr size_t body_bytes_max = 1 << 20;

  runtime::Task<Result<>> more(runtime::Wait wait);
  runtime::Task<Result<std::string>> read_length(uint64_t length, runtime::Wait wait);
  runtime::Task<Result<std::string>> read_chunked(runtime::Wait wait);
  runtime::Task<Result<std::string>> read_to_end(runtime::Wait wait);

  runtime::Stream& stream_;
  Duration pause_max_;
  Buffer input_;
  std::string trailer_;
};

}  // namespace weir::sim
