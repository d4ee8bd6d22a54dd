#include "cli/plain_http.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netdb.h>
#include <optional>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "wire/http1_chunked.h"
#include "wire/http1_response.h"

namespace weir::cli {
namespace {

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string reason(const char* what, const std::string& server,
                   const char* why = std::strerror(errno)) {
  return std::string(what) + " " + server + ": " + why;
}

std::expected<int, std::string> connect_to(const std::string& server, Duration limit) {
  const size_t colon = server.rfind(':');
  std::string host = server.substr(0, colon);
  const std::string port = colon == std::string::npos ? "80" : server.substr(colon + 1);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  if (host.empty() || host == "0.0.0.0" || host == "::") host = "127.0.0.1";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0)
    return std::unexpected(reason("cannot reach", server, gai_strerror(error)));
  int fd = -1;
  for (const addrinfo* each = found; each && fd < 0; each = each->ai_next) {
    fd = ::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    timeval time{.tv_sec = limit / seconds(1), .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    if (::connect(fd, each->ai_addr, each->ai_addrlen) == 0) break;
    const int error = errno;
    ::close(fd);
    errno = error;
    fd = -1;
  }
  freeaddrinfo(found);
  if (fd < 0) return std::unexpected(reason("cannot reach", server));
  return fd;
}

std::string text_of(const PlainRequest& request) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: " +
                     (request.host.empty() ? request.server : request.host) +
                     "\r\nConnection: close\r\nAccept-Encoding: identity\r\n";
  if (request.host.empty() && request.server.starts_with(':'))
    text.replace(text.find("Host: "), 6, "Host: localhost");
  if (!request.token.empty()) text += "Authorization: Bearer " + request.token + "\r\n";
  if (!request.body.empty() || request.method == "POST")
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "\r\n" + request.body;
}

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

bool receive_all(int fd, std::string& text) {
  std::array<char, 65536> buffer;
  while (text.size() < plain_answer_bytes_max) {
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n < 0) return false;
    if (n == 0) return true;
    text.append(buffer.data(), static_cast<size_t>(n));
  }
  errno = EMSGSIZE;
  return false;
}

std::optional<std::string> unchunked(std::string_view bytes) {
  wire::ChunkedDecoder decoder{wire::ChunkLimits{}};
  std::string body;
  while (!bytes.empty()) {
    const auto step = decoder.next(bytes);
    if (step.event == wire::ChunkedDecoder::Event::malformed) return std::nullopt;
    body.append(step.data);
    if (step.event == wire::ChunkedDecoder::Event::done) return body;
    bytes.remove_prefix(step.consumed);
  }
  return std::nullopt;
}

std::expected<PlainAnswer, std::string> parse(std::string_view bytes, const std::string& server) {
  std::array<wire::Field, 128> storage;
  wire::ResponseHead head{std::span(storage)};
  const wire::HeadResult parsed =
      wire::parse_response_head(bytes, 0, {}, wire::RequestMethod::get, head);
  if (!parsed.complete()) return std::unexpected(server + " did not answer in HTTP");
  bytes.remove_prefix(parsed.bytes);
  PlainAnswer answer{.status = head.status};
  if (head.framing.kind == wire::BodyFraming::Kind::chunked) {
    auto body = unchunked(bytes);
    if (!body) return std::unexpected("the answer of " + server + " broke off");
    answer.body = *std::move(body);
    return answer;
  }
  if (head.framing.kind == wire::BodyFraming::Kind::content_length &&
      bytes.size() < head.framing.length)
    return std::unexpected("the answer of " + server + " broke off");
  answer.body = bytes;
  return answer;
}

}  // namespace

std::expected<PlainAnswer, std::string> ask(const PlainRequest& request) {
  const auto connected = connect_to(request.server, request.limit);
  if (!connected) return std::unexpected(connected.error());
  const Socket socket(*connected);
  std::string bytes;
  if (!send_all(socket.fd(), text_of(request)) || !receive_all(socket.fd(), bytes))
    return std::unexpected(reason("no answer from", request.server));
  return parse(bytes, request.server);
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

}  // namespace weir::cli
