#include "cli/cache_commands.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "cli/plain_http.h"
#include "cli/terminal.h"
#include "settings/flags.h"
#include "wire/url.h"

namespace weir::cli {
namespace {

using settings::Arguments;
using settings::Command;
using settings::Flag;

using Step = std::expected<void, std::string>;

constexpr unsigned sitemap_depth_max = 3;
constexpr size_t sitemaps_max = 1000;

const Flag admin_flag{"admin", "HOST:PORT", "The admin listener of the edge; 127.0.0.1:9080."};
const Flag token_flag{"token-file", "FILE", "The token of the admin listener, if it has one."};

constexpr const char* admin_hint = " (--admin says where the edge's admin listener is)";
constexpr const char* edge_hint = " (--edge says where the edge serves clients)";

std::span<const Command> commands() {
  static const std::array table{
      Command{"purge",
              "Removes answers from the cache of a running edge, on all its shards, before it "
              "returns: by URL, by the beginning of URLs, or by tag (Surrogate-Key, Cache-Tag).",
              {admin_flag,
               token_flag,
               {"prefix", "", "The arguments are the beginnings of URLs."},
               {"tag", "", "The arguments are tags."},
               {"soft", "", "Make stale instead, as if the lifetime had ended now."}},
              "URL...",
              1,
              10'000},
      Command{
          "prewarm",
          "Has a running edge fetch URLs into its cache, and reports what came of it. An "
          "argument is a URL, a sitemap (a URL that ends in .xml, read through the edge), or "
          "- for a list on standard input.",
          {admin_flag,
           token_flag,
           {"edge", "HOST:PORT", "Where the edge serves clients; 127.0.0.1:8080. For sitemaps."},
           {"hot", "FILE", "URLs of this file, a line each, such as hot-keys.txt of --data."},
           {"concurrency", "N", "How many are fetched at a time, 1 to 256; 16."}},
          "URL|SITEMAP|-",
          0,
          10'000}};
  return table;
}

std::string admin_of(const Arguments& arguments) {
  return std::string(arguments.last("admin").value_or("127.0.0.1:9080"));
}

std::expected<std::string, std::string> read_file(std::string_view name) {
  std::ifstream in{std::string(name), std::ios::binary};
  if (!in) return std::unexpected("cannot read " + std::string(name));
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::expected<PlainRequest, std::string> admin_request(const Arguments& arguments) {
  PlainRequest request{.server = admin_of(arguments)};
  const auto file = arguments.last("token-file");
  if (!file) return request;
  auto token = read_file(*file);
  if (!token) return std::unexpected(token.error());
  request.token = token->substr(0, token->find_first_of("\r\n"));
  if (request.token.empty()) return std::unexpected(std::string(*file) + " begins with no token");
  return request;
}

std::string refusal(const PlainRequest& request, const PlainAnswer& answer) {
  const std::string_view body(answer.body);
  std::string text = request.server + " answered " + std::to_string(answer.status) + ": ";
  text += body.substr(0, body.find_last_not_of("\r\n") + 1);
  if (answer.status == 401)
    text += request.token.empty() ? " (--token-file names a file with it)"
                                  : " (what --token-file names has another one)";
  return text;
}

// `hint`: which flag says where the server is.
std::expected<PlainAnswer, std::string> ask_well(const PlainRequest& request, const char* hint) {
  auto answer = ask(request);
  if (!answer) return std::unexpected(answer.error() + hint);
  if (answer->status < 300) return answer;
  return std::unexpected(refusal(request, *answer));
}

int fail_with(const std::string& text) {
  complain(text);
  return exit_failed;
}

// What one URL is refused for says nothing of the others; what nobody answers, nobody will.
int purge(const Arguments& arguments) {
  if (arguments.has("tag") && arguments.has("prefix")) {
    complain("--tag or --prefix: the arguments cannot be both");
    return exit_misused;
  }
  auto request = admin_request(arguments);
  if (!request) return fail_with(request.error());
  request->method = "POST";
  const std::string by = arguments.has("tag") ? "tag" : arguments.has("prefix") ? "prefix" : "url";
  int outcome = exit_well;
  for (const std::string& text : arguments.arguments) {
    request->target = "/cache/purge?" + by + "=" + percent_encoded(text) +
                      (arguments.has("soft") ? "&soft=1" : "");
    const auto answer = ask(*request);
    if (!answer) return fail_with(text + ": " + answer.error() + admin_hint);
    if (answer->status < 300)
      say(text + " " + answer->body);
    else
      outcome = fail_with(text + ": " + refusal(*request, *answer));
  }
  return outcome;
}

// What stands between <loc> and </loc>, with the five entities of XML replaced.
std::vector<std::string> locations(std::string_view xml) {
  constexpr std::pair<std::string_view, char> entities[] = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
  std::vector<std::string> found;
  for (size_t at = 0; (at = xml.find("<loc>", at)) != xml.npos;) {
    const size_t end = xml.find("</loc>", at += 5);
    if (end == xml.npos) break;
    std::string_view text = xml.substr(at, end - at);
    std::string url;
    while (!text.empty()) {
      size_t used = 1;
      char c = text[0];
      for (const auto& [name, plain] : entities)
        if (text.starts_with(name)) used = name.size(), c = plain;
      if (c > ' ') url += c;
      text.remove_prefix(used);
    }
    if (!url.empty()) found.push_back(std::move(url));
  }
  return found;
}

std::string standard_input() {
  std::string text;
  std::array<char, 65536> buffer;
  for (size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), stdin)) > 0;)
    text.append(buffer.data(), n);
  return text;
}

// Collects URLs, following sitemaps of sitemaps.
class Collector {
 public:
  explicit Collector(std::string edge) : edge_(std::move(edge)) {}

  Step add(const std::string& text) {
    if (text == "-") {
      add_lines(standard_input());
      return {};
    }
    const auto url = wire::parse_url(text);
    if (!url) return std::unexpected("\"" + text + "\" is no URL: http://HOST/PATH is one");
    if (url->path.ends_with(".xml")) return add_sitemap(text, 0);
    list_ += text + '\n';
    return {};
  }
  void add_lines(const std::string& lines) {
    list_ += lines;
    if (!list_.empty() && list_.back() != '\n') list_ += '\n';
  }
  const std::string& list() const { return list_; }

 private:
  Step add_sitemap(const std::string& text, unsigned depth) {
    if (depth >= sitemap_depth_max || seen_.size() >= sitemaps_max || !seen_.insert(text).second)
      return {};
    const auto url = wire::parse_url(text);
    if (!url) return std::unexpected("\"" + text + "\" is no URL");
    const auto answer =
        ask_well({.server = edge_,
                  .target = std::string(url->path) +
                            (url->has_query ? "?" + std::string(url->query) : std::string()),
                  .host = std::string(url->authority.text)},
                 edge_hint);
    if (!answer) return std::unexpected("sitemap " + text + ": " + answer.error());
    const bool index = answer->body.find("<sitemapindex") != std::string::npos;
    for (const std::string& location : locations(answer->body)) {
      if (!index) {
        list_ += location + '\n';
      } else if (Step done = add_sitemap(location, depth + 1); !done) {
        return done;
      }
    }
    return {};
  }

  std::string edge_;
  std::string list_;
  std::set<std::string> seen_;
};

// The number behind "name": in the flat JSON of /cache/prewarm/state.
uint64_t number_in(std::string_view json, const std::string& name) {
  const std::string mark = "\"" + name + "\":";
  const size_t at = json.find(mark);
  if (at == json.npos) return 0;
  uint64_t value = 0;
  std::from_chars(json.data() + at + mark.size(), json.data() + json.size(), value);
  return value;
}

int report(const std::string& json) {
  say("\n" + std::to_string(number_in(json, "total")) +
      " URLs: " + std::to_string(number_in(json, "stored")) + " stored, " +
      std::to_string(number_in(json, "present")) + " were there already, " +
      std::to_string(number_in(json, "not_storable")) + " may not be stored, " +
      std::to_string(number_in(json, "failed")) + " failed, " +
      std::to_string(number_in(json, "unknown")) + " are of no site here\n");
  const bool well = number_in(json, "failed") + number_in(json, "unknown") == 0;
  return well ? exit_well : exit_failed;
}

int follow(PlainRequest request) {
  request.method = "GET";
  request.target = "/cache/prewarm/state";
  request.body.clear();
  for (;;) {
    const auto state = ask_well(request, admin_hint);
    if (!state) return fail_with(state.error());
    const uint64_t done = number_in(state->body, "done"), total = number_in(state->body, "total");
    if (done >= total) return report(state->body);
    say("\r" + std::to_string(done) + " of " + std::to_string(total));
    // allow(sleep): a command that has no shard
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

int prewarm(const Arguments& arguments) {
  Collector collector(std::string(arguments.last("edge").value_or("127.0.0.1:8080")));
  for (const std::string_view file : arguments.all("hot")) {
    const auto lines = read_file(file);
    if (!lines) return fail_with(lines.error());
    collector.add_lines(*lines);
  }
  for (const std::string& text : arguments.arguments)
    if (const Step added = collector.add(text); !added) return fail_with(added.error());
  if (collector.list().empty() && !arguments.arguments.empty())
    return fail_with("there is nothing to fetch: what was given names no URL");
  if (collector.list().empty()) {
    complain("there is nothing to fetch: give URLs, a sitemap, or --hot FILE");
    return exit_misused;
  }
  auto request = admin_request(arguments);
  if (!request) return fail_with(request.error());
  request->method = "POST";
  request->target =
      "/cache/prewarm?concurrency=" + std::string(arguments.last("concurrency").value_or("16"));
  request->body = collector.list();
  const auto begun = ask_well(*request, admin_hint);
  if (!begun) return fail_with(begun.error());
  return follow(*std::move(request));
}

}  // namespace

bool is_cache_command(const std::string& word) {
  for (const Command& command : commands())
    if (command.name == word) return true;
  return false;
}

int run_cache_command(std::span<const std::string> words) {
  const auto command = settings::find_command(commands(), words[0]);
  if (!command) return exit_misused;
  const auto arguments = settings::parse_flags(**command, words.subspan(1), "weir edge");
  if (!arguments) {
    complain(arguments.error() + "\nweir edge " + words[0] + " --help lists what it takes");
    return exit_misused;
  }
  if (arguments->help) {
    say(settings::command_help("weir edge", **command));
    return exit_well;
  }
  return (*command)->name == "purge" ? purge(*arguments) : prewarm(*arguments);
}

}  // namespace weir::cli
