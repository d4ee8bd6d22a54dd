#pragma once
// BodyUnframer: takes the framing off the body of an HTTP/1.1 message that comes in pieces, cut
// anywhere. Hands out views of the pieces and keeps nothing but its state and the trailers. For
// what our own services write; who reads from a peer has net/body_reader.h.

#include <algorithm>
#include <optional>

#include "wire/http1_chunked.h"

namespace weir::wire {

class BodyUnframer {
 public:
  struct Step {
    std::string_view data;  // of the body; may be empty
    size_t taken = 0;       // of the input
  };

  void begin(const BodyFraming& framing) {
    left_ = framing.kind == BodyFraming::Kind::content_length ? framing.length : 0;
    if (framing.kind == BodyFraming::Kind::chunked) decoder_.emplace();
    done_ = framing.kind != BodyFraming::Kind::chunked && left_ == 0;
  }

  // From the front of `bytes`, which is not empty; nullopt when that is no body as announced.
  std::optional<Step> next(std::string_view bytes) {
    if (done_) return std::nullopt;
    if (!decoder_) {
      const auto size = static_cast<size_t>(std::min<uint64_t>(bytes.size(), left_));
      left_ -= size;
      done_ = left_ == 0;
      return Step{bytes.substr(0, size), size};
    }
    const ChunkedDecoder::Step step = decoder_->next(bytes);
    if (step.event == ChunkedDecoder::Event::malformed) return std::nullopt;
    done_ = step.event == ChunkedDecoder::Event::done;
    return Step{step.event == ChunkedDecoder::Event::data ? step.data : std::string_view(),
                step.consumed};
  }

  // All of it has come.
  bool done() const { return done_; }
  // After done(): of a chunked body.
  std::span<const Field> trailers() const {
    if (!decoder_) return {};
    return {decoder_->trailers().begin(), decoder_->trailers().size()};
  }

 private:
  std::optional<ChunkedDecoder> decoder_;
  uint64_t left_ = 0;
  bool done_ = false;
};

}  // namespace weir::wire
