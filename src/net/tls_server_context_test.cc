#include "net/tls_server_context.h"

#include "net/tls_engine.h"
#include "net/tls_test_kit.h"

namespace weir::net::test {
namespace {

const MonoTime begin = MonoTime(seconds(1000));

TlsServerSettings settings_of(const IdentityFiles& files) {
  TlsServerSettings settings;
  settings.certificate = files.certificate.path();
  settings.key = files.key.path();
  return settings;
}

std::shared_ptr<const TlsServerContext> make(const TlsServerSettings& settings,
                                             TlsTicketKeys& tickets,
                                             std::string_view listener = "edge") {
  auto made = TlsServerContext::make(
      settings, {.listener = std::string(listener), .protocols = {"h2", "http/1.1"}}, tickets);
  REQUIRE(made.has_value());
  return *made;
}

std::string problem_with(const TlsServerSettings& settings) {
  TlsTicketKeys tickets(begin);
  auto made =
      TlsServerContext::make(settings, {.listener = "edge", .protocols = {"http/1.1"}}, tickets);
  REQUIRE(!made.has_value());
  return made.error();
}

void carry(TlsEngine& from, TlsEngine& to) {
  if (from.out().empty()) return;
  to.feed(runtime::Chunk::copy_of(from.out().view()));
  from.out().clear();
}

// What came of a handshake in memory, after which the client has read what the server sends behind
// it.
struct Meeting {
  bool succeeded = false;
  bool resumed = false;
  bool verified = false;
  std::string protocol;
};

Meeting meet(const TlsContext& client_context, const TlsServerContext& server_context,
             TlsSessions* sessions = nullptr) {
  TlsEngine client(*client_context.connection_to("origin.test", sessions));
  TlsEngine server(*server_context.connection());
  auto client_status = TlsEngine::Status::want_input, server_status = client_status;
  for (int i = 0; i < 4; ++i) {
    if (client_status == TlsEngine::Status::want_input) client_status = client.handshake();
    carry(client, server);
    if (server_status == TlsEngine::Status::want_input) server_status = server.handshake();
    carry(server, client);
  }
  char room[100];
  size_t size = 0;
  (void)client.read(room, size);
  client.close_notify();  // without it the session would count as broken
  return {.succeeded =
              client_status == TlsEngine::Status::done && server_status == TlsEngine::Status::done,
          .resumed = server.resumed(),
          .verified = server.peer_verified(),
          .protocol = std::string(server.protocol())};
}

std::unique_ptr<TlsContext> client() {
  OriginTlsSettings settings;
  settings.ca_file = test_authority().ca_file;
  return *TlsContext::client(settings);
}

Identity origin_identity() {
  return make_identity("origin", "DNS:origin.test", &test_authority().authority);
}

}  // namespace

TEST_CASE("a file that is no certificate or no key of it is refused by name") {
  const IdentityFiles good(origin_identity()), other(origin_identity());
  const TestFile garbage("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const auto with = [&](auto change) {
    TlsServerSettings settings = settings_of(good);
    change(settings);
    return problem_with(settings);
  };
  CHECK(with([](auto& s) { s.certificate = "/nowhere"; }) ==
        "certificate: /nowhere: No such file or directory");
  CHECK(with([](auto& s) { s.key = "/nowhere"; }) == "key: /nowhere: No such file or directory");
  CHECK(with([&](auto& s) { s.certificate = garbage.path(); }) ==
        "certificate: " + garbage.path() + ": holds no certificate in PEM");
  CHECK(with([&](auto& s) { s.key = s.certificate; }) ==
        "key: " + good.certificate.path() + ": holds no private key in PEM");
  CHECK(with([&](auto& s) { s.key = other.key.path(); }) ==
        "key: " + other.key.path() + " does not belong to the certificate in " +
            good.certificate.path());
  CHECK(with([](auto& s) { s.client_ca = "/nowhere"; }) ==
        "client_ca: /nowhere: No such file or directory");
  CHECK(with([&](auto& s) { s.client_ca = s.key; }) ==
        "client_ca: " + good.key.path() + ": holds no certificates in PEM");
  CHECK(with([&](auto& s) {
          s.more = {{good.certificate.path(), other.key.path()}};
        }).starts_with("key: "));
}

TEST_CASE("a key with a passphrase is refused instead of asking at a terminal") {
  const IdentityFiles locked(origin_identity(), "secret");
  CHECK(problem_with(settings_of(locked)) ==
        "key: " + locked.key.path() + ": the key has a passphrase; store it without one");
}

TEST_CASE("a chain whose second certificate is broken is refused") {
  const IdentityFiles good(origin_identity());
  FILE* file = std::fopen(good.certificate.path().c_str(), "a");
  std::fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", file);
  std::fclose(file);
  CHECK(problem_with(settings_of(good)) ==
        "certificate: " + good.certificate.path() + ": a certificate of the chain is broken");
}

TEST_CASE("the first certificate to expire is told") {
  const IdentityFiles longer(make_identity("a", "DNS:a.test", &test_authority().authority, 20));
  const IdentityFiles sooner(make_identity("b", "DNS:b.test", &test_authority().authority, 5));
  TlsServerSettings settings = settings_of(longer);
  settings.more = {sooner.names()};
  TlsTicketKeys tickets(begin);
  const Duration left = make(settings, tickets)->expires() - std::chrono::system_clock::now();
  CHECK(left > hours(4 * 24));
  CHECK(left < hours(6 * 24));
}

TEST_CASE("ALPN chooses the first of ours that the client offers") {
  const IdentityFiles files(origin_identity());
  TlsTicketKeys tickets(begin);
  const Meeting meeting = meet(*client(), *make(settings_of(files), tickets));
  CHECK(meeting.succeeded);
  CHECK(meeting.protocol == "http/1.1");
  CHECK(!meeting.verified);
}

TEST_CASE("a ticket outlives a reload and one change of keys, but not two") {
  const IdentityFiles files(origin_identity());
  TlsTicketKeys tickets(begin);
  const auto before = make(settings_of(files), tickets);
  const auto after_reload = make(settings_of(files), tickets);
  const auto mine = client();
  TlsSessions sessions;
  CHECK(!meet(*mine, *before, &sessions).resumed);
  REQUIRE(sessions.last() != nullptr);
  SslSessionPtr first(SSL_SESSION_dup(sessions.last()));
  CHECK(meet(*mine, *after_reload, &sessions).resumed);
  tickets.tick(begin + TlsTicketKeys::rotation_time - seconds(1));
  tickets.tick(begin + TlsTicketKeys::rotation_time);
  sessions.keep(SslSessionPtr(SSL_SESSION_dup(first.get())));
  CHECK(meet(*mine, *after_reload, &sessions).resumed);
  tickets.tick(begin + 2 * TlsTicketKeys::rotation_time);
  const Meeting renewed = meet(*mine, *after_reload, &sessions);
  CHECK(renewed.resumed);  // the last meeting gave a ticket of the new key
  sessions.keep(std::move(first));
  const Meeting too_old = meet(*mine, *after_reload, &sessions);
  CHECK(too_old.succeeded);
  CHECK(!too_old.resumed);
}

TEST_CASE("a ticket of one listener does not open another") {
  const IdentityFiles files(origin_identity());
  TlsTicketKeys tickets(begin);
  const auto edge = make(settings_of(files), tickets, "edge");
  const auto admin = make(settings_of(files), tickets, "admin");
  const auto mine = client();
  TlsSessions sessions;
  CHECK(meet(*mine, *edge, &sessions).succeeded);
  const Meeting elsewhere = meet(*mine, *admin, &sessions);
  CHECK(elsewhere.succeeded);
  CHECK(!elsewhere.resumed);
}

TEST_CASE("a client without the certificate that is asked for does not get in") {
  const IdentityFiles files(origin_identity());
  TlsServerSettings settings = settings_of(files);
  settings.client_ca = test_authority().ca_file;
  TlsTicketKeys tickets(begin);
  CHECK(!meet(*client(), *make(settings, tickets)).succeeded);
}

}  // namespace weir::net::test
