#pragma once
// Writes the answers of the demo origin into an exchange: heads with a date, bodies only where the
// method wants one, small pages and JSON.

#include <string_view>

#include "net/http_exchange.h"

namespace weir::demo {

// What the head of an answer says besides its status.
struct AnswerHead {
  uint16_t status = 200;
  std::string_view content_type = {};           // empty: none
  std::string_view cache_control = "no-store";  // empty: none
  std::string_view more = {};                   // whole further field lines, each with its CRLF
};

bool is_head(const net::HttpExchange& exchange);

// A whole answer into out(). `body` lives on its own.
void answer(net::HttpExchange& exchange, const AnswerHead& head, std::string_view body);
// A small page that says `title` and `text`, or the same as JSON for those who prefer that.
void answer_message(net::HttpExchange& exchange, uint16_t status, std::string_view text,
                    std::string_view more = {});

// The head of a body that is sent piece by piece: of known length...
void begin_sized(net::HttpExchange& exchange, const AnswerHead& head, uint64_t bytes);
// ... or chunked; for HTTP/1.0 up to the end of the connection.
void begin_streamed(net::HttpExchange& exchange, const AnswerHead& head);
// A piece of a streamed body, sent at once. False when the connection is lost.
runtime::Task<bool> send_piece(net::HttpExchange& exchange, std::string_view piece);
void end_streamed(net::HttpExchange& exchange);

}  // namespace weir::demo
