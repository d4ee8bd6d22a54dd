#pragma once
// The paths of the demo origin whose answers are made anew for each request. `rest` is what the
// path has behind the route's prefix.

#include "net/http_exchange.h"

namespace weir::demo {

runtime::Task<> serve_time(net::HttpExchange& exchange, std::string_view rest);
runtime::Task<> serve_echo(net::HttpExchange& exchange, std::string_view rest);
runtime::Task<> serve_status(net::HttpExchange& exchange, std::string_view rest);
runtime::Task<> serve_early_hints(net::HttpExchange& exchange, std::string_view rest);
runtime::Task<> serve_stream(net::HttpExchange& exchange, std::string_view rest);
runtime::Task<> serve_slow(net::HttpExchange& exchange, std::string_view rest);
runtime::Task<> serve_large(net::HttpExchange& exchange, std::string_view rest);
runtime::Task<> serve_reset(net::HttpExchange& exchange, std::string_view rest);
runtime::Task<> serve_short(net::HttpExchange& exchange, std::string_view rest);

// The number behind `name=` in a query; `fallback` where it is not there, nothing where it is no
// number.
std::optional<uint64_t> query_number(std::string_view query, std::string_view name,
                                     uint64_t fallback);
// Whether If-None-Match names `etag` (RFC 9110 13.1.2: weak comparison).
bool none_match_hits(const wire::Fields& fields, std::string_view etag);

}  // namespace weir::demo
