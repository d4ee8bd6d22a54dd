#pragma once
// For the tests of exporters: a receiver on loopback.

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "net/client_test_kit.h"

namespace weir::otlp::test {

using runtime::Task;

// Gives the prepared answers, then 200, and keeps all requests.
class Sink {
 public:
  explicit Sink(runtime::Reactor& reactor, std::vector<std::string> answers = {})
      : reactor_(reactor), answers_(std::move(answers)), scope_(reactor) {
    fd_ = *runtime::open_listener(*Address::parse("127.0.0.1:0"), 8);
    listener_ = *reactor.listen(fd_);
    scope_.spawn(accept_all());
  }
  Task<> stop() {
    scope_.cancel().request();
    co_await scope_.join();
    listener_.reset();
    ::close(fd_);
  }
  std::string url() const { return "http://" + runtime::local_of(fd_).to_string(); }
  // Requests are taken, and not answered for now.
  void hold(bool holding) { holding_ = holding; }
  const std::vector<std::string>& heads() const { return heads_; }
  const std::vector<std::string>& bodies() const { return bodies_; }

 private:
  Task<> accept_all() {
    for (;;) {
      const Result<int> fd = co_await listener_->accept({never, &scope_.cancel()});
      if (!fd) co_return;
      scope_.spawn(serve(reactor_.adopt(*fd)));
    }
  }
  Task<> serve(runtime::StreamPtr stream) {
    std::string input;
    for (;;) {
      const size_t head = input.find("\r\n\r\n");
      const size_t size = head == input.npos ? 0 : length_in(input);
      if (head == input.npos || input.size() < head + 4 + size) {
        const auto chunk = co_await stream->recv({never, &scope_.cancel()});
        if (!chunk || chunk->empty()) co_return;
        input += chunk->view();
        continue;
      }
      heads_.push_back(input.substr(0, head + 2));
      bodies_.push_back(input.substr(head + 4, size));
      input.erase(0, head + 4 + size);
      while (holding_ && !scope_.cancel().requested())
        co_await net::test::pause(reactor_, milliseconds(2));
      const std::string answer = next_answer();
      if (answer.empty()) co_return;  // hang up
      co_await net::test::say(*stream, answer);
    }
  }
  static size_t length_in(const std::string& input) {
    const size_t at = input.find("Content-Length: ");
    REQUIRE(at != input.npos);
    return static_cast<size_t>(std::atoi(input.c_str() + at + 16));
  }
  std::string next_answer() {
    if (given_ < answers_.size()) return answers_[given_++];
    return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  }

  runtime::Reactor& reactor_;
  std::vector<std::string> answers_;
  size_t given_ = 0;
  bool holding_ = false;
  std::vector<std::string> heads_;
  std::vector<std::string> bodies_;
  runtime::Scope scope_;
  int fd_ = -1;
  std::unique_ptr<runtime::Listener> listener_;
};

}  // namespace weir::otlp::test
