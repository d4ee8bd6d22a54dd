#pragma once
// RequestTrace: the requests that a cache is simulated with: which object, and how large it is.
// Held in memory, 16 bytes a request. Read from a text file, or drawn from a Zipf distribution.
//
// A file has a line a request: columns parted by commas, spaces or tabs, of which one is the key
// and one, if there is one, the size in bytes. Lines that begin with # are comments.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::cachesim {

struct TraceRequest {
  uint32_t object;  // counted from 0
  uint64_t bytes;
};

struct RequestTrace {
  std::string name;
  std::vector<TraceRequest> requests;
  std::vector<uint64_t> object_bytes;  // of each object, when it came first

  uint64_t distinct_bytes() const;
};

inline constexpr size_t trace_requests_max = 200'000'000;
inline constexpr uint64_t trace_object_bytes_max = uint64_t{1} << 40;

// Where a line has what; counted from 1. size 0: every object is one byte, so that sizes count
// objects.
struct TraceColumns {
  size_t key = 1;
  size_t size = 2;
};

// Takes lines one after the other.
class TraceParser {
 public:
  explicit TraceParser(TraceColumns columns) : columns_(columns) {}

  // The error names the line and what is wrong with it.
  std::expected<void, std::string> line(std::string_view text);
  RequestTrace take(std::string name);
  size_t requests() const { return trace_.requests.size(); }

 private:
  std::string place(std::string_view what) const;

  struct KeyHash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  TraceColumns columns_;
  RequestTrace trace_;
  std::unordered_map<std::string, uint32_t, KeyHash, std::equal_to<>> objects_;
  size_t line_ = 0;
};

struct ZipfTrace {
  double alpha = 0.8;  // 0: all objects alike
  uint64_t objects = 1'000'000;
  uint64_t requests = 5'000'000;
  uint64_t seed = 1;
};
// Objects of one byte each, numbered by rank.
RequestTrace draw_zipf(const ZipfTrace& options);

}  // namespace weir::cachesim
