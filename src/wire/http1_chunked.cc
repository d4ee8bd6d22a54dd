#include "wire/http1_chunked.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "wire/http1_write.h"
#include "wire/scan.h"

namespace weir::wire {
namespace {

// RFC 9110 6.5.1: fields that must not change what was decided at the head.
constexpr KnownFieldSet forbidden_in_trailers(KnownField::content_length, KnownField::host,
                                              KnownField::transfer_encoding, KnownField::trailer);

constexpr uint8_t size_digits_max = 16;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view input) {
  size_t i = 0;
  while (true) {
    if (state_ == State::done) return {Event::done, i, {}};
    if (state_ == State::malformed) return {Event::malformed, i, {}};
    if (i == input.size()) return {Event::need_more, i, {}};
    if (state_ == State::data) {
      const size_t size = static_cast<size_t>(std::min<uint64_t>(left_, input.size() - i));
      left_ -= size;
      body_bytes_ += size;
      if (left_ == 0) state_ = State::data_cr;
      return {Event::data, i + size, input.substr(i, size)};
    }
    if (state_ == State::trailer)
      i += take_trailer(input.substr(i));
    else
      step(input[i++]);
  }
}

void ChunkedDecoder::step(char c) {
  switch (state_) {
    case State::size_first:
    case State::size_more:
      return step_size(c);
    case State::head_lf:
      return end_head(c);
    case State::data_cr:
      return expect(c, '\r', State::data_lf, "a chunk is longer than its size");
    case State::data_lf:
      return expect(c, '\n', State::size_first, "a CR without LF after a chunk");
    default:
      if (++extension_bytes_ > limits_.extension_bytes_max ||
          ++extension_bytes_total_ > limits_.extension_bytes_total_max)
        return refuse("the extensions of chunks are too large");
      return step_extension(c);
  }
}

void ChunkedDecoder::step_size(char c) {
  const int digit = hex_digit(c);
  if (digit >= 0) {
    if (state_ == State::size_first) left_ = size_digits_ = 0;
    if (++size_digits_ > size_digits_max || left_ > uint64_t{INT64_MAX} >> 4)
      return refuse("the size of a chunk is too large");
    left_ = left_ << 4 | static_cast<uint64_t>(digit);
    state_ = State::size_more;
    return;
  }
  if (state_ == State::size_first) return refuse("a chunk does not start with its size");
  extension_bytes_ = 0;
  end_extension_part(c);
}

// The grammar is *( ";" name [ "=" ( token / quoted-string ) ] ).
void ChunkedDecoder::step_extension(char c) {
  const bool token = token_bytes.contains(c);
  if (state_ == State::name_first) {
    if (!token) return refuse("an extension of a chunk has no name");
    state_ = State::name_more;
  } else if (state_ == State::name_more) {
    if (c == '=') state_ = State::value_first;
    if (!token && c != '=') end_extension_part(c);
  } else {
    step_extension_value(c);
  }
}

void ChunkedDecoder::step_extension_value(char c) {
  const bool token = token_bytes.contains(c);
  switch (state_) {
    case State::value_first:
      if (!token && c != '"') return refuse("an extension of a chunk has no value after '='");
      state_ = token ? State::value_token : State::value_quoted;
      return;
    case State::value_token:
      if (!token) end_extension_part(c);
      return;
    case State::value_quoted:
      if (!value_bytes.contains(c)) return refuse("a control character in a chunk's extension");
      if (c == '"') state_ = State::value_closed;
      if (c == '\\') state_ = State::value_escaped;
      return;
    case State::value_escaped:
      if (!value_bytes.contains(c)) return refuse("a control character in a chunk's extension");
      state_ = State::value_quoted;
      return;
    default:
      return end_extension_part(c);
  }
}

// What may follow a size, a name or a value.
void ChunkedDecoder::end_extension_part(char c) {
  if (c == '\n') return refuse("the head of a chunk ends in a bare LF");
  if (c != ';' && c != '\r') return refuse("an invalid character in the head of a chunk");
  state_ = c == ';' ? State::name_first : State::head_lf;
}

void ChunkedDecoder::end_head(char c) {
  expect(c, '\n', left_ == 0 ? State::trailer : State::data, "a CR without LF in a chunk's head");
}

void ChunkedDecoder::expect(char c, char wanted, State then, const char* otherwise) {
  if (c != wanted) return refuse(otherwise);
  state_ = then;
}

void ChunkedDecoder::refuse(const char* reason) {
  reason_ = reason;
  state_ = State::malformed;
}

// Keeps one line, or the part of it that is here; parses all of them at the empty one.
size_t ChunkedDecoder::take_trailer(std::string_view input) {
  if (trailer_bytes_.empty() && input.starts_with("\r\n")) {
    state_ = State::done;  // as a rule: no trailers, no memory
    return 2;
  }
  const size_t lf = input.find('\n');
  const std::string_view part = input.substr(0, lf == std::string_view::npos ? lf : lf + 1);
  if (trailer_bytes_.size() + part.size() > limits_.trailer_bytes_max) {
    refuse("the trailer section is too large");
    return part.size();
  }
  trailer_bytes_.append(part);
  if (lf == std::string_view::npos) return part.size();
  const std::string_view lines = trailer_bytes_.view();
  if (!lines.ends_with("\r\n"))
    refuse("a line of the trailer section ends in a bare LF");
  else if (lines.size() == 2)
    state_ = State::done;
  else if (lines.ends_with("\r\n\r\n"))
    parse_trailers();
  return part.size();
}

void ChunkedDecoder::parse_trailers() {
  trailer_storage_ = std::make_unique<Field[]>(limits_.trailer_fields_max);
  trailers_ = Fields({trailer_storage_.get(), limits_.trailer_fields_max});
  const HeadLimits limits{.head_bytes_max = limits_.trailer_bytes_max,
                          .field_bytes_max = limits_.trailer_bytes_max,
                          .fields_max = limits_.trailer_fields_max};
  const HeadResult result = parse_field_lines(trailer_bytes_.view(), 0, limits, trailers_);
  if (!result.complete()) return refuse(result.malformed() ? result.reason : "a broken trailer");
  if (trailers_.has_any(forbidden_in_trailers))
    return refuse("a trailer field that frames or routes the message");
  state_ = State::done;
}

void append_chunk_head(Buffer& out, uint64_t size) {
  WEIR_ASSERT(size > 0);
  constexpr char digits[] = "0123456789abcdef";
  const int count = (67 - std::countl_zero(size)) / 4;
  char* p = out.reserve(18);
  for (int i = count; i-- > 0; size >>= 4)
    p[i] = digits[size & 15];
  p[count] = '\r';
  p[count + 1] = '\n';
  out.commit(static_cast<size_t>(count) + 2);
}

void append_last_chunk(Buffer& out, const Fields& trailers) {
  out.append("0\r\n");
  for (const Field& field : trailers)
    append_field(out, field);
  out.append("\r\n");
}

}  // namespace weir::wire
