#include "cli/configuration.h"

#include <fstream>
#include <unistd.h>

#include <doctest/doctest.h>

#include "cli/all_settings.h"
#include "edge/edge_settings.h"
#include "net/server_settings.h"

namespace weir::cli {
namespace {

struct ConfigFile {
  ConfigFile() : path("/tmp/weir-configuration-test-" + std::to_string(getpid())) {}
  ~ConfigFile() { unlink(path.c_str()); }
  void write(std::string_view text) const { std::ofstream(path) << text; }
  std::unique_ptr<Configuration> read() const {
    settings::Sources sources;
    sources.file_name = path;
    return *Configuration::read(all_settings(), std::move(sources));
  }
  std::string path;
};

std::expected<void, std::string> accept(const settings::Values&) {
  return {};
}

Duration idle_timeout(const Configuration& configuration) {
  return configuration.load(net::http_server_settings()).idle_timeout;
}

}  // namespace

TEST_CASE("a reload takes live settings and keeps those that need a restart") {
  const ConfigFile file;
  file.write("http: {server: {idle_timeout: 5s}}\nedge: {listen: \"127.0.0.1:1\"}\n");
  const auto configuration = file.read();
  file.write("http: {server: {idle_timeout: 6s}}\nedge: {listen: \"127.0.0.1:2\"}\n");
  const auto done = configuration->reload(accept);
  REQUIRE_MESSAGE(done.has_value(), done.error());
  REQUIRE(done->live.size() == 1);
  CHECK(done->live[0].key == "http.server.idle_timeout");
  REQUIRE(done->restart.size() == 1);
  CHECK(done->restart[0].key == "edge.listen");
  CHECK(idle_timeout(*configuration) == seconds(6));
  CHECK(configuration->load(edge::edge_settings()).listen == "127.0.0.1:1");
}

TEST_CASE("a broken file, and one that cannot be put to use, change nothing") {
  const ConfigFile file;
  file.write("http: {server: {idle_timeout: 5s}}\n");
  const auto configuration = file.read();
  file.write("http: {server: {idle_timeout: soon}}\n");
  CHECK(configuration->reload(accept).error().find("idle_timeout") != std::string::npos);
  CHECK(idle_timeout(*configuration) == seconds(5));
  file.write("http: {server: {idle_timeout: 7s}}\n");
  const auto refused =
      configuration->reload([](const settings::Values&) -> std::expected<void, std::string> {
        return std::unexpected("no such file");
      });
  CHECK(refused.error() == "no such file");
  CHECK(idle_timeout(*configuration) == seconds(5));
}

}  // namespace weir::cli
