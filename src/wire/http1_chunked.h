#pragma once
// Chunked transfer coding (RFC 9112 7.1), both ways. The decoder takes input cut at any byte, hands
// out views of it, and keeps nothing but its state and the trailer section. Strict: CRLF only, no
// whitespace around sizes and extensions, bounds on everything that is not data.
//
//   1a2b;name=value CRLF  <0x1a2b bytes> CRLF  ...  0 CRLF  *( trailer field line )  CRLF

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "wire/http1_head.h"

namespace weir::wire {

struct ChunkLimits {
  uint32_t extension_bytes_max = 256;         // of one chunk
  uint32_t extension_bytes_total_max = 4096;  // of all chunks of a body
  uint32_t trailer_bytes_max = 8192;
  uint32_t trailer_fields_max = 32;
};

class ChunkedDecoder {
 public:
  enum class Event : uint8_t {
    data,       // `data` is body, a view of the input; call again with what was not consumed
    need_more,  // all input is consumed
    done,       // the body has ended; what was not consumed belongs to the next message
    malformed,  // see reason(); the connection cannot be used any more
  };
  struct Step {
    Event event;
    size_t consumed;
    std::string_view data;
  };

  explicit ChunkedDecoder(const ChunkLimits& limits = {}) : limits_(limits) {}
  ChunkedDecoder(const ChunkedDecoder&) = delete;
  ChunkedDecoder& operator=(const ChunkedDecoder&) = delete;

  // Decodes from the start of `input` to the next event. After `done` or `malformed` it stays
  // there.
  Step next(std::string_view input);

  // After `done`: the trailer fields, views of memory of the decoder.
  const Fields& trailers() const { return trailers_; }
  // After `malformed`: what was wrong; static.
  const char* reason() const { return reason_; }
  // Bytes of body handed out so far.
  uint64_t body_bytes() const { return body_bytes_; }

 private:
  enum class State : uint8_t {
    size_first,     // the first digit
    size_more,      // more digits, ';' or CR
    name_first,     // after ';'
    name_more,      // then ';', '=' or CR
    value_first,    // after '='
    value_token,    // then ';' or CR
    value_quoted,   // inside quotes
    value_escaped,  // after '\' inside quotes
    value_closed,   // after the closing quote: ';' or CR
    head_lf,        // after the CR of a chunk's head
    data,
    data_cr,
    data_lf,
    trailer,
    done,
    malformed,
  };

  void step(char c);
  void step_size(char c);
  void step_extension(char c);
  void step_extension_value(char c);
  void end_extension_part(char c);
  void end_head(char c);
  void expect(char c, char wanted, State then, const char* otherwise);
  void refuse(const char* reason);
  size_t take_trailer(std::string_view input);
  void parse_trailers();

  ChunkLimits limits_;
  State state_ = State::size_first;
  uint8_t size_digits_ = 0;
  uint32_t extension_bytes_ = 0;
  uint32_t extension_bytes_total_ = 0;
  uint64_t left_ = 0;  // of the current chunk
  uint64_t body_bytes_ = 0;
  const char* reason_ = "";
  Buffer trailer_bytes_;
  std::unique_ptr<Field[]> trailer_storage_;  // only where there are trailers
  Fields trailers_;
};

// The head of a chunk of `size` > 0 bytes; the data and then "\r\n" follow.
void append_chunk_head(Buffer& out, uint64_t size);
// The last chunk and the trailer section, which ends the body.
void append_last_chunk(Buffer& out, const Fields& trailers = {});

}  // namespace weir::wire
