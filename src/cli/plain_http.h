#pragma once
// ask(): one HTTP/1.1 request to a server on this machine or near it, by a command that has nothing
// else to do: blocks, with a bound on time and size. Not for services.

#include <expected>
#include <string>
#include <string_view>

#include "base/time.h"

namespace weir::cli {

struct PlainRequest {
  std::string server;  // HOST:PORT; an empty host or 0.0.0.0 is taken for loopback
  std::string method = "GET";
  std::string target = "/";
  std::string host = {};   // of the Host field; empty: the server
  std::string token = {};  // for Authorization: Bearer; empty: none
  std::string body = {};
  Duration limit = seconds(60);
};

struct PlainAnswer {
  int status = 0;
  std::string body;
};

inline constexpr size_t plain_answer_bytes_max = 256 << 20;

// The error says what could not be done, and with whom.
std::expected<PlainAnswer, std::string> ask(const PlainRequest& request);

// For a query: everything but unreserved characters as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace weir::cli
