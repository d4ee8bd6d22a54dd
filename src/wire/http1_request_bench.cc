// Prints the time of parsing one request head, in nanoseconds: what a load generator sends (two
// fields) and what a browser sends (ten), and that nothing is allocated while it does.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "base/counting_new.h"
#include "wire/http1_request.h"

namespace weir::wire {
namespace {

constexpr std::string_view small =
    "GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: wrk/4.1.0\r\n\r\n";
constexpr std::string_view browser =
    "GET /assets/app.js?v=20240611 HTTP/1.1\r\n"
    "Host: www.example.org\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.9,zh-CN;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://www.example.org/catalogue/page-17\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=1\r\n"
    "Sec-Fetch-Mode: no-cors\r\n"
    "Connection: keep-alive\r\n"
    "If-None-Match: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"\r\n\r\n";

// The best of several runs: what the machine can do when nobody disturbs it.
void measure(const char* name, std::string_view bytes) {
  using clock = std::chrono::steady_clock;
  constexpr int heads = 200'000;
  std::array<Field, 100> storage;
  RequestHead head(storage);
  double best = 1e9;
  const size_t allocations_before = allocations;
  for (int run = 0; run < 10; ++run) {
    const auto start = clock::now();
    for (int i = 0; i < heads; ++i) {
      const HeadResult result = parse_request_head(bytes, 0, {}, head);
      if (!result.complete()) std::abort();
      asm volatile("" : : "r"(&head) : "memory");
    }
    const std::chrono::duration<double, std::nano> spent = clock::now() - start;
    best = std::min(best, spent.count() / heads);
  }
  std::printf("%-8s %4zu bytes %2zu fields %7.1f ns/head %5.2f GB/s %zu allocations\n", name,
              bytes.size(), head.fields.size(), best, static_cast<double>(bytes.size()) / best,
              allocations - allocations_before);
}

}  // namespace
}  // namespace weir::wire

int main() {
  weir::wire::measure("small", weir::wire::small);
  weir::wire::measure("browser", weir::wire::browser);
}
