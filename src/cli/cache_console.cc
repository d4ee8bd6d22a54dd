#include "cli/cache_console.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <thread>

#include "edge/cache/purge.h"
#include "edge/cache_desk.h"
#include "wire/json_writer.h"

namespace weir::cli {
namespace {

using admin::CacheAnswer;
using admin::CacheQuestion;
using admin::CacheReply;
using runtime::Task;
using telemetry::LogLevel;

constexpr const char* module = "edge";
constexpr size_t startup_concurrency = 32;
// What saving may delay a stop by.
constexpr auto save_patience = std::chrono::milliseconds(500);

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
      line.remove_suffix(1);
    if (!line.empty() && line.front() != '#') lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

CacheAnswer error_answer(uint16_t status, std::string_view text) {
  Buffer out;
  wire::JsonWriter json(out);
  json.begin_object().member("error", text).end_object();
  out.append('\n');
  return {status, std::string(out.view())};
}

// A line each: what the pages show is what the file holds.
std::string joined(const std::vector<std::string>& urls) {
  std::string text;
  for (const std::string& url : urls)
    text += url + '\n';
  return text;
}

edge::cache::PurgeBy purge_by(CacheQuestion::Kind kind) {
  if (kind == CacheQuestion::Kind::purge_prefix) return edge::cache::PurgeBy::prefix;
  if (kind == CacheQuestion::Kind::purge_tag) return edge::cache::PurgeBy::tag;
  return edge::cache::PurgeBy::key;
}

}  // namespace

// One question on its way.
struct CacheConsole::Asked {
  CacheQuestion question;
  std::shared_ptr<CacheReply> reply;
};

CacheConsole::CacheConsole(runtime::ShardGroup& shards, FindEdge find, std::string data,
                           telemetry::EventLog& log)
    : shards_(shards), find_(std::move(find)), data_(std::move(data)), log_(log) {}

void CacheConsole::ask(CacheQuestion question, std::shared_ptr<CacheReply> reply) {
  if (question.kind == CacheQuestion::Kind::prewarm) return prewarm(question, *reply);
  if (question.kind == CacheQuestion::Kind::prewarm_state) {
    const auto running = job();
    return reply->give(running ? CacheAnswer{200, running->json()}
                               : error_answer(404, "nothing was prewarmed yet"));
  }
  auto asked = std::make_shared<Asked>(std::move(question), std::move(reply));
  shards_.post(0, [this, asked = std::move(asked)]() mutable {
    edge::EdgeShard* edge = find_(0);
    if (!edge) return asked->reply->give(error_answer(503, "the edge stops"));
    edge->fills().spawn(answer(*edge, std::move(asked)));
  });
}

Task<> CacheConsole::answer(edge::EdgeShard& edge, std::shared_ptr<Asked> asked) {
  CacheQuestion& question = asked->question;
  if (question.kind == CacheQuestion::Kind::hottest) {
    const auto urls = co_await edge::hottest(edge, question.count);
    co_return asked->reply->give({200, joined(urls)});
  }
  edge::DeskAnswer answer;
  if (question.kind == CacheQuestion::Kind::explain) {
    answer = co_await edge::explain(edge, std::move(question.text));
  } else {
    answer = co_await edge::purge(
        edge,
        {.by = purge_by(question.kind), .text = std::move(question.text), .soft = question.soft});
  }
  asked->reply->give({answer.status, std::move(answer.json)});
}

std::shared_ptr<edge::PrewarmJob> CacheConsole::job() const {
  // allow(mutex): operators and the start of the process only
  const std::lock_guard lock(mutex_);
  return job_;
}

void CacheConsole::prewarm(const CacheQuestion& question, CacheReply& reply) {
  std::vector<std::string> urls = lines_of(question.text);
  if (urls.empty()) return reply.give(error_answer(400, "the list has no URL"));
  if (urls.size() > edge::PrewarmJob::urls_max)
    return reply.give(error_answer(413, "the list has more than a million URLs"));
  const auto running = job();
  if (running && running->done() < running->total())
    return reply.give(error_answer(409, "another prewarming runs; see /cache/prewarm/state"));
  start(std::move(urls), question.count);
  reply.give({202, job()->json()});
}

void CacheConsole::start(std::vector<std::string> urls, size_t at_a_time) {
  auto job = std::make_shared<edge::PrewarmJob>(std::move(urls));
  {
    // allow(mutex): operators and the start of the process only
    const std::lock_guard lock(mutex_);
    job_ = job;
  }
  const size_t shards = shards_.size();
  for (size_t i = 0; i < shards; ++i) {
    const size_t workers = at_a_time / shards + (i < at_a_time % shards);
    if (workers == 0) continue;
    shards_.post(i, [this, i, workers, job] {
      edge::EdgeShard* edge = find_(i);
      edge ? edge::work_on(*edge, job, workers) : job->stop();
    });
  }
}

void CacheConsole::load_hot_keys() {
  if (data_.empty()) return;
  std::ifstream in(file(), std::ios::binary);
  if (!in) return;
  std::vector<std::string> urls =
      lines_of(std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()));
  if (urls.empty() || urls.size() > edge::PrewarmJob::urls_max) return;
  WEIR_LOG(log_, LogLevel::info, module, "prewarming from what was hot", {"urls", urls.size()});
  start(std::move(urls), startup_concurrency);
}

void CacheConsole::ask_for_hot(size_t count) {
  hot_ = std::make_shared<CacheReply>();
  ask({.kind = CacheQuestion::Kind::hottest, .count = count}, hot_);
}

void CacheConsole::tick(MonoTime now, const edge::HotKeySettings& settings) {
  if (data_.empty() || settings.count == 0) return;
  if (hot_ && hot_->there()) {
    (void)save(hot_->answer().json);
    hot_.reset();
  }
  if (next_save_ == MonoTime{}) next_save_ = after(now, settings.interval);
  if (now < next_save_ || hot_) return;
  next_save_ = after(now, settings.interval);
  ask_for_hot(settings.count);
}

void CacheConsole::save_at_stop(const edge::HotKeySettings& settings) {
  if (data_.empty() || settings.count == 0) return;
  ask_for_hot(settings.count);
  const auto until = std::chrono::steady_clock::now() + save_patience;
  while (!hot_->there() && std::chrono::steady_clock::now() < until)
    // allow(sleep): the main thread, once, at the end
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (hot_->there()) (void)save(hot_->answer().json);
  hot_.reset();
}

// An empty cache does not overwrite what is known from before.
bool CacheConsole::save(const std::string& urls) {
  if (urls.empty()) return true;
  const std::string fresh = file() + ".new";
  std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
  out << "# The addresses that were asked for most, hottest first; kept by edge.cache.hot.\n"
      << urls;
  out.close();
  if (out && std::rename(fresh.c_str(), file().c_str()) == 0) return true;
  WEIR_LOG(log_, LogLevel::warning, module, "cannot save the hot keys", {"file", file()});
  return false;
}

}  // namespace weir::cli
