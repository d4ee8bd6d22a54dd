#include "sim/answer_bytes.h"

#include <algorithm>
#include <array>

#include "sim/content.h"
#include "wire/http1_chunked.h"
#include "wire/http1_write.h"

namespace weir::sim {
namespace {

constexpr size_t chunk_bytes = 7'000;

void append_interims(Buffer& out, unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    out.append("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n");
}

void append_framing_fields(Buffer& out, const OriginPlan& plan, size_t body_bytes) {
  if (plan.framing == AnswerFraming::content_length) wire::append_content_length(out, body_bytes);
  if (plan.framing == AnswerFraming::chunked)
    wire::append_field(out, "Transfer-Encoding", std::string_view("chunked"));
}

void append_chunked(Buffer& out, std::string_view body, std::string_view trailer) {
  for (; !body.empty(); body.remove_prefix(std::min(chunk_bytes, body.size()))) {
    const std::string_view data = body.substr(0, chunk_bytes);
    wire::append_chunk_head(out, data.size());
    out.append(data);
    out.append("\r\n");
  }
  std::array<wire::Field, 1> storage;
  wire::Fields trailers{std::span(storage)};
  if (!trailer.empty()) trailers.push(trailer_field, trailer);
  wire::append_last_chunk(out, trailers);
}

}  // namespace

std::string answer_bytes(const AnswerFor& request, const OriginPlan& plan) {
  Buffer out;
  append_interims(out, plan.interims);
  const std::string body = answer_content(request.target, request.secret);
  const std::string_view echo = echo_for(request.target, request.secret);
  wire::append_status_line(out, plan.status);
  wire::append_field(out, echo_field, echo);
  wire::append_field(out, target_field, request.target);
  wire::append_field(out, "Cache-Control",
                     std::string_view(echo == request.secret ? "private" : "max-age=60"));
  if (!plan.keep_alive || !request.keep_alive)
    wire::append_field(out, "Connection", std::string_view("close"));
  const bool bodiless = plan.status == 204;
  if (!bodiless) append_framing_fields(out, plan, body.size());
  wire::end_head(out);
  if (!bodiless && request.method != "HEAD") {
    if (plan.framing == AnswerFraming::chunked)
      append_chunked(out, body, plan.trailer ? echo : std::string_view());
    else
      out.append(body);
  }
  // Behind a body that ends with the connection they would be body.
  if (plan.framing != AnswerFraming::until_close || bodiless)
    out.append(std::string(plan.extra_bytes, '!'));
  return std::string(out.view());
}

std::string garbage_answer(const AnswerFor& request, Random& random) {
  using namespace std::string_literals;
  static const std::array<std::string, 8> kinds = {
      "SSH-2.0-OpenSSH_9.2\r\n"s,
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"s,
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nX-Nul: a\0b\r\nContent-Length: 0\r\n\r\n"s,
      "HTTP/1.1 200 OK\nContent-Length: 0\n\n"s,
      "HTTP/1.1 200 OK\r\nX-Long: "s + std::string(200'000, 'l') + "\r\n\r\n",
      "HTTP/1.1 99 Low\r\n\r\n"s,
      // The head is in order: what is wrong comes after it, and so not in an answer to HEAD.
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc\r\n0\r\n\r\n"s,
  };
  return kinds[random.below(kinds.size() - (request.method == "HEAD" ? 1 : 0))];
}

}  // namespace weir::sim
