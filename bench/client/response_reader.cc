#include "client/response_reader.h"

#include <algorithm>
#include <cstring>
#include <strings.h>

#include "base/units.h"

namespace weir::bench {

namespace {

constexpr size_t head_bytes_max = 16 * 1024;
constexpr std::string_view length_field = "content-length:";

// Where the head ends, looking from `from`; npos when it does not.
size_t head_end(std::string_view bytes, size_t from) {
  const void* found = memmem(bytes.data() + from, bytes.size() - from, "\r\n\r\n", 4);
  return found ? static_cast<size_t>(static_cast<const char*>(found) - bytes.data()) + 4
               : std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// The value of Content-Length, or empty.
std::string_view content_length(std::string_view head) {
  size_t line = head.find('\n') + 1;
  while (line < head.size()) {
    const size_t end = head.find('\r', line);
    const std::string_view field = head.substr(line, end - line);
    if (field.size() > length_field.size() &&
        strncasecmp(field.data(), length_field.data(), length_field.size()) == 0)
      return trimmed(field.substr(length_field.size()));
    line = end + 2;
  }
  return {};
}

}  // namespace

ResponseReader::Step ResponseReader::read(std::string_view& bytes) {
  if (!in_body_) {
    const Step step = read_head(bytes);
    if (step != Step::complete) return step;
    in_body_ = true;
  }
  const size_t taken = std::min<uint64_t>(body_left_, bytes.size());
  bytes.remove_prefix(taken);
  body_left_ -= taken;
  if (body_left_ > 0) return Step::need_more;
  in_body_ = false;
  return Step::complete;
}

ResponseReader::Step ResponseReader::read_head(std::string_view& bytes) {
  if (partial_head_.empty()) {
    const size_t end = head_end(bytes, 0);
    if (end != std::string_view::npos) {
      const Step step = parse(bytes.substr(0, end));
      bytes.remove_prefix(end);
      return step;
    }
  }
  const size_t before = partial_head_.size();
  partial_head_ += bytes;
  const size_t end = head_end(partial_head_, before < 3 ? 0 : before - 3);
  if (end == std::string_view::npos) {
    bytes = {};
    return partial_head_.size() > head_bytes_max ? Step::broken : Step::need_more;
  }
  bytes.remove_prefix(end - before);
  const Step step = parse(std::string_view(partial_head_).substr(0, end));
  partial_head_.clear();
  return step;
}

ResponseReader::Step ResponseReader::parse(std::string_view head) {
  if (!head.starts_with("HTTP/1.1 ") || head.size() < 14) return Step::broken;
  const auto status = parse_u64(head.substr(9, 3));
  const auto length = parse_u64(content_length(head));
  if (!status || !length) return Step::broken;
  status_ = static_cast<unsigned>(*status);
  body_bytes_ = body_left_ = *length;
  return Step::complete;
}

}  // namespace weir::bench
