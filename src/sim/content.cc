#include "sim/content.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/random.h"
#include "base/units.h"

namespace weir::sim {
namespace {

constexpr std::string_view shared_prefix = "/shared/";
constexpr uint64_t request_salt = 1, answer_salt = 2;

std::string stream_of(uint64_t key, uint64_t size) {
  std::string bytes(size, '\0');
  Random random(key);
  for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
    const uint64_t word = random();
    std::memcpy(bytes.data() + at, &word, std::min(sizeof word, size - at));
  }
  return bytes;
}

}  // namespace

std::string request_content(std::string_view target, std::string_view secret, uint64_t size) {
  return stream_of(hash(target, hash(secret, request_salt)), size);
}

std::string answer_content(std::string_view target, std::string_view secret) {
  return stream_of(hash(target, hash(echo_for(target, secret), answer_salt)), answer_size(target));
}

std::string_view echo_for(std::string_view target, std::string_view secret) {
  return target.starts_with(shared_prefix) ? "shared" : secret;
}

uint64_t answer_size(std::string_view target) {
  return parse_u64(target.substr(target.rfind('/') + 1)).value_or(0);
}

}  // namespace weir::sim
