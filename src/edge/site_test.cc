#include "edge/site.h"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "settings/load.h"

namespace weir::edge {
namespace {

SiteSettings fixed_site() {
  SiteSettings site;
  site.host = {"a.test"};
  site.respond.emplace();
  site.respond->status = 200;
  site.respond->body = "hi";
  return site;
}

std::string head_of(const SiteSettings& site) {
  EdgeSettings settings = settings::defaults(edge_settings());
  settings.sites = {site};
  const auto config = compile(settings);
  REQUIRE_MESSAGE(config.has_value(), config.error());
  return (*config)->sites[0].respond->head;
}

// A folder that is gone with the test.
class Folder {
 public:
  Folder() { REQUIRE(::mkdtemp(path_.data())); }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path_of(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / "weir-site-XXXXXX";
};

// What is wrong with the file, behind its key and name; "" when it can be the body.
std::string problem_of_body(const std::string& path) {
  SiteSettings site = fixed_site();
  site.host = {"b.test"};
  site.respond->body.clear();
  site.respond->body_file = path;
  EdgeSettings settings = settings::defaults(edge_settings());
  settings.sites = {fixed_site(), site};
  const auto config = compile(settings);
  if (config) return "";
  const std::string before = "edge.sites[1].respond.body_file: " + path + ": ";
  REQUIRE_MESSAGE(config.error().starts_with(before), config.error());
  return config.error().substr(before.size());
}

}  // namespace

TEST_CASE("a fixed answer names its server once") {
  SiteSettings site = fixed_site();
  CHECK(head_of(site) == "HTTP/1.1 200 OK\r\nServer: weir\r\nContent-Length: 2\r\n");
  site.respond->headers = {{"server", "mine"}};
  CHECK(head_of(site) == "HTTP/1.1 200 OK\r\nserver: mine\r\nContent-Length: 2\r\n");
  site.headers.response_set = {{"Server", "other"}};
  CHECK(head_of(site) == "HTTP/1.1 200 OK\r\nServer: other\r\nContent-Length: 2\r\n");
}

TEST_CASE("a body that cannot be read is told with its key") {
  CHECK(problem_of_body("/nowhere") == "No such file or directory");
  CHECK(problem_of_body("/") == "not a regular file");
}

TEST_CASE("a body that may have no end is not begun") {
  const Folder folder;
  const std::string pipe = folder.path_of("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (const std::string& path : {pipe, std::string("/dev/zero")})
    CHECK(problem_of_body(path) == "not a regular file");
}

TEST_CASE("a body has at most the bytes that its setting names") {
  const Folder folder;
  const std::string path = folder.path_of("body");
  std::ofstream(path) << "<";
  std::filesystem::resize_file(path, RespondSettings::body_file_bytes_max);
  CHECK(problem_of_body(path) == "");
  std::filesystem::resize_file(path, RespondSettings::body_file_bytes_max + 1);
  const std::string bytes_max = format_bytes(RespondSettings::body_file_bytes_max);
  CHECK(problem_of_body(path) == "larger than " + bytes_max);
  const settings::FieldInfo* field = edge_settings().info.find("sites");
  REQUIRE(field);
  field = field->nested->find("respond")->nested->find("body_file");
  CHECK(field->prose.contains("at most " + bytes_max));
}

TEST_CASE("a site's header edits hold for its fixed answer, too") {
  SiteSettings site = fixed_site();
  site.respond->headers = {{"X-A", "1"}, {"X-B", "2"}};
  site.headers.response_set = {{"x-a", "3"}};
  site.headers.response_remove = {"Server", "X-B"};
  CHECK(head_of(site) == "HTTP/1.1 200 OK\r\nx-a: 3\r\nContent-Length: 2\r\n");
}

}  // namespace weir::edge
