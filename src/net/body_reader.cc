#include "net/body_reader.h"

#include <algorithm>

namespace weir::net {

using wire::BodyFraming;

void BodyReader::begin(const BodyFraming& framing, const wire::ChunkLimits& limits) {
  framing_ = framing;
  left_ = framing.kind == BodyFraming::Kind::content_length ? framing.length : 0;
  bytes_ = 0;
  handed_out_ = 0;
  decoder_.reset();
  if (framing.kind == BodyFraming::Kind::chunked) decoder_.emplace(limits);
  done_ = framing.kind == BodyFraming::Kind::none ||
          (framing.kind == BodyFraming::Kind::content_length && left_ == 0);
}

Result<std::string_view> BodyReader::read_ready() {
  release_piece();
  if (done_ || input_.empty()) return std::string_view();
  if (decoder_) return next_chunked();
  const size_t available = input_.unread().size();
  if (framing_.kind == BodyFraming::Kind::until_close) return hand_out(available);
  const size_t take = static_cast<size_t>(std::min<uint64_t>(available, left_));
  left_ -= take;
  done_ = left_ == 0;
  return hand_out(take);
}

Result<std::string_view> BodyReader::next_chunked() {
  while (!input_.empty()) {
    const wire::ChunkedDecoder::Step step = decoder_->next(input_.unread());
    switch (step.event) {
      case wire::ChunkedDecoder::Event::data:
        handed_out_ = step.consumed;
        bytes_ += step.data.size();
        return step.data;
      case wire::ChunkedDecoder::Event::done:
        input_.consume(step.consumed);
        done_ = true;
        return std::string_view();
      case wire::ChunkedDecoder::Event::need_more:
        input_.consume(step.consumed);
        break;
      case wire::ChunkedDecoder::Event::malformed:
        return fail(ErrorCode::invalid, decoder_->reason());
    }
  }
  return std::string_view();
}

runtime::Task<Result<std::string_view>> BodyReader::read(runtime::Wait wait) {
  for (;;) {
    Result<std::string_view> piece = read_ready();
    if (!piece || !piece->empty() || done_) co_return piece;
    Result<runtime::Chunk> chunk = co_await stream_.recv(wait);
    if (!chunk) co_return std::unexpected(chunk.error());
    if (chunk->empty()) {
      if (framing_.kind != BodyFraming::Kind::until_close)
        co_return fail(ErrorCode::closed, "connection ended inside the body");
      done_ = true;
      co_return std::string_view();
    }
    input_.add(*std::move(chunk));
  }
}

void BodyReader::skip(uint64_t bytes) {
  WEIR_ASSERT(bytes <= left_);
  release_piece();
  left_ -= bytes;
  bytes_ += bytes;
  done_ = left_ == 0;
}

std::string_view BodyReader::hand_out(size_t bytes) {
  handed_out_ = bytes;
  bytes_ += bytes;
  return input_.unread().substr(0, bytes);
}

void BodyReader::release_piece() {
  if (handed_out_ > 0) input_.consume(std::exchange(handed_out_, 0));
}

}  // namespace weir::net
