#include "sim/request_bytes.h"

#include <algorithm>

#include "sim/content.h"
#include "wire/http1_chunked.h"
#include "wire/http1_write.h"

namespace weir::sim {
namespace {

constexpr size_t chunk_bytes = 5'000;

}  // namespace

std::string request_head(const SimRequest& request, std::string_view host) {
  Buffer out;
  wire::append_request_line(out, request.method, request.target);
  wire::append_field(out, "Host", host);
  wire::append_field(out, secret_field, std::string_view(request.secret));
  wire::append_field(out, body_field, request.body_bytes);
  if (request.chunked)
    wire::append_field(out, "Transfer-Encoding", std::string_view("chunked"));
  else if (request.body_bytes > 0 || request.method == "POST")
    wire::append_content_length(out, request.body_bytes);
  if (request.expect_continue) wire::append_field(out, "Expect", std::string_view("100-continue"));
  wire::end_head(out);
  return std::string(out.view());
}

std::string request_body(const SimRequest& request) {
  std::string content = request_content(request.target, request.secret, request.body_bytes);
  if (!request.chunked) return content;
  Buffer out;
  for (std::string_view rest = content; !rest.empty();) {
    const std::string_view data = rest.substr(0, chunk_bytes);
    wire::append_chunk_head(out, data.size());
    out.append(data);
    out.append("\r\n");
    rest.remove_prefix(data.size());
  }
  wire::append_last_chunk(out);
  return std::string(out.view());
}

}  // namespace weir::sim
