#pragma once
// ResponseReader: finds the ends of responses in the bytes of one connection, and their status and
// length. Knows Content-Length only: that is all that the compared servers send here, and anything
// else is reported as broken. Keeps a head that arrives in pieces, at most 16 KiB of it.

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::bench {

class ResponseReader {
 public:
  enum class Step { need_more, complete, broken };

  // Takes from the front of `bytes` what belongs to the current response. After `complete`,
  // status() and body_bytes() are those of the response that ended. After `broken` the connection
  // is of no more use.
  Step read(std::string_view& bytes);

  unsigned status() const { return status_; }
  uint64_t body_bytes() const { return body_bytes_; }

 private:
  Step read_head(std::string_view& bytes);
  Step parse(std::string_view head);

  std::string partial_head_;
  unsigned status_ = 0;
  uint64_t body_bytes_ = 0;
  uint64_t body_left_ = 0;
  bool in_body_ = false;
};

}  // namespace weir::bench
