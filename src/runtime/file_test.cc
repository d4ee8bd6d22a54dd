// One contract for files on every back end: io_uring (where it is allowed), epoll with file
// threads, and simulated disks of several seeds.
#include "runtime/file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <doctest/doctest.h>

#include "runtime/scope.h"
#include "runtime/sim_reactor.h"
#include "runtime/waiter.h"

namespace weir::runtime {
namespace {

const Address machine = *Address::parse("10.0.0.1:0");

// A directory on one back end.
struct Place {
  const char* name;
  std::unique_ptr<FileThreads> threads;
  std::unique_ptr<SimWorld> world;  // null for a kernel
  std::unique_ptr<Reactor> reactor;
  std::string directory;

  Wait soon() const { return {reactor->now() + seconds(5)}; }
  std::string at(const char* file) const { return directory + '/' + file; }
};

std::string temporary_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "weir-file-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()));
  return pattern;
}

// WEIR_REACTOR=epoll leaves io_uring out, for ThreadSanitizer, which cannot see its ordering.
void add_kernel(std::vector<Place>& all, ReactorKind kind, const char* name) {
  const char* only = std::getenv("WEIR_REACTOR");
  if (only && std::string_view(only) != name) return;
  auto threads = std::make_unique<FileThreads>(2);
  ReactorOptions options;
  options.kind = kind;
  options.file_operations_max = 16;
  options.file_threads = threads.get();
  auto reactor = Reactor::make(options, 1);
  if (!reactor) return;
  all.push_back({name, std::move(threads), {}, *std::move(reactor), temporary_directory()});
}

std::vector<Place> places() {
  std::vector<Place> all;
  add_kernel(all, ReactorKind::io_uring, "io_uring");
  add_kernel(all, ReactorKind::epoll, "epoll");
  REQUIRE(!all.empty());
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SimFaults faults;
    faults.disk.short_chance = seed % 2 ? 0.5 : 0;
    auto world = std::make_unique<SimWorld>(seed, faults);
    auto reactor = std::make_unique<SimReactor>(*world, machine);
    all.push_back({"simulated", {}, std::move(world), std::move(reactor), ""});
  }
  return all;
}

void run(Reactor& reactor, Task<> task) {
  Scope scope(reactor);
  scope.spawn(std::move(task));
  const MonoTime end = reactor.fresh_now() + seconds(10);
  while (scope.running() > 0 && reactor.fresh_now() < end)
    reactor.turn(end);
  REQUIRE(scope.running() == 0);
}

using Body = Task<> (*)(Place&);

void on_every_back_end(Body body) {
  for (Place& place : places()) {
    CAPTURE(place.name);
    run(*place.reactor, body(place));
    place.reactor->finish();
    if (!place.world) std::filesystem::remove_all(place.directory);
  }
}

AlignedBuffer buffer_of(std::string_view text) {
  AlignedBuffer buffer(text.size());
  buffer.resize(text.size());
  std::ranges::copy(text, buffer.data());
  return buffer;
}

std::string pattern(size_t bytes) {
  std::string text(bytes, 'x');
  for (size_t i = 0; i < bytes; ++i)
    text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

constexpr FileOptions fresh{.write = true, .create = true, .exclusive = true};

}  // namespace

TEST_CASE("what was written is read, whole, from any offset") {
  on_every_back_end([](Place& place) -> Task<> {
    const std::string text = pattern(1'000'000);
    FilePtr file = *co_await File::open(*place.reactor, place.at("a"), fresh, place.soon());
    const auto written =
        co_await file->write_at(buffer_of(text), 10, WriteMode::cached, place.soon());
    REQUIRE(written.has_value());
    CHECK(written->size() == text.size());
    CHECK(co_await file->size(place.soon()) == text.size() + 10);
    auto all = co_await file->read_at(AlignedBuffer(text.size()), text.size(), 10, place.soon());
    REQUIRE(all.has_value());
    CHECK((all->view() == text));
    auto hole = co_await file->read_at(*std::move(all), 20, 0, place.soon());
    CHECK(hole->view() == std::string(10, '\0') + text.substr(0, 10));
  });
}

TEST_CASE("a read behind the end of the file is short, and then empty") {
  on_every_back_end([](Place& place) -> Task<> {
    FilePtr file = *co_await File::open(*place.reactor, place.at("a"), fresh, place.soon());
    CHECK(co_await file->write_at(buffer_of("hello"), 0, WriteMode::durable, place.soon()));
    auto tail = co_await file->read_at(AlignedBuffer(100), 100, 3, place.soon());
    REQUIRE(tail.has_value());
    CHECK(tail->view() == "lo");
    auto none = co_await file->read_at(*std::move(tail), 100, 5, place.soon());
    REQUIRE(none.has_value());
    CHECK(none->empty());
  });
}

TEST_CASE("unbuffered durable writes into an allocated file can be read back") {
  on_every_back_end([](Place& place) -> Task<> {
    FileOptions options = fresh;
    options.direct = true;
    auto opened = co_await File::open(*place.reactor, place.at("a"), options, place.soon());
    // Some file systems have no unbuffered I/O, and say so.
    if (!opened) {
      CHECK(opened.error().code == ErrorCode::unsupported);
      co_return;
    }
    File& file = **opened;
    CHECK(co_await file.allocate(0, 1 << 20, place.soon()));
    CHECK(co_await file.size(place.soon()) == 1u << 20);
    const std::string text = pattern(3 * direct_alignment);
    CHECK(co_await file.write_at(buffer_of(text), direct_alignment, WriteMode::durable,
                                 place.soon()));
    CHECK(co_await file.sync(place.soon()));
    auto got = co_await file.read_at(AlignedBuffer(text.size()), text.size(), direct_alignment,
                                     place.soon());
    REQUIRE(got.has_value());
    CHECK((got->view() == text));
  });
}

TEST_CASE("many operations at once each answer with their own bytes") {
  on_every_back_end([](Place& place) -> Task<> {
    struct Block {
      static Task<> exchange(Place& where, File& file, uint64_t index) {
        const std::string text = pattern(5000 + index);
        CHECK(
            co_await file.write_at(buffer_of(text), index * 8192, WriteMode::cached, where.soon()));
        auto got =
            co_await file.read_at(AlignedBuffer(8192), text.size(), index * 8192, where.soon());
        CHECK((got && got->view() == text));
      }
    };
    FilePtr file = *co_await File::open(*place.reactor, place.at("a"), fresh, place.soon());
    Scope scope(*place.reactor);
    for (uint64_t i = 0; i < 12; ++i)
      scope.spawn(Block::exchange(place, *file, i));
    co_await scope.join();
  });
}

TEST_CASE("more operations than may be under way are refused, and counted") {
  for (Place& place : places()) {
    if (place.world) continue;
    CAPTURE(place.name);
    struct Crowd {
      static Task<> look(Place& where, int& refused) {
        auto opened = co_await File::open(*where.reactor, where.at("none"), {}, where.soon());
        if (opened.error().code == ErrorCode::overloaded) ++refused;
      }
      static Task<> gather(Place& where) {
        Scope scope(*where.reactor);
        int refused = 0;
        for (int i = 0; i < 20; ++i)
          scope.spawn(look(where, refused));
        co_await scope.join();
        CHECK(refused == 4);
        CHECK(where.reactor->file_operations_refused() == 4);
      }
    };
    run(*place.reactor, Crowd::gather(place));
    std::filesystem::remove_all(place.directory);
  }
}

TEST_CASE("a wait that ends first leaves the operation behind, with its memory and its file") {
  on_every_back_end([](Place& place) -> Task<> {
    FilePtr file = *co_await File::open(*place.reactor, place.at("a"), fresh, place.soon());
    const std::string text = pattern(100'000);
    // Due already: whatever answers, the memory below must live.
    const auto late =
        co_await file->write_at(buffer_of(text), 0, WriteMode::durable, {place.reactor->now()});
    if (!late) CHECK(late.error().code == ErrorCode::timed_out);
    file.reset();
    (void)co_await sleep(*place.reactor, {place.reactor->now() + milliseconds(50)});
    file = *co_await File::open(*place.reactor, place.at("a"), {}, place.soon());
    const auto got =
        co_await file->read_at(AlignedBuffer(text.size()), text.size(), 0, place.soon());
    REQUIRE(got.has_value());
    CHECK((text.starts_with(got->view())));
  });
}

TEST_CASE("a cancelled operation answers at once, and a later one does not begin") {
  on_every_back_end([](Place& place) -> Task<> {
    struct Opener {
      static Task<> open(Place& where, Cancel& cancel, ErrorCode& code) {
        auto opened = co_await File::open(*where.reactor, where.at("a"), fresh, {never, &cancel});
        code = opened ? ErrorCode::io : opened.error().code;
      }
    };
    Scope scope(*place.reactor);
    ErrorCode code{};
    scope.spawn(Opener::open(place, scope.cancel(), code));
    scope.cancel().request();
    co_await scope.join();
    CHECK(code == ErrorCode::cancelled);
    auto again =
        co_await File::open(*place.reactor, place.at("b"), fresh, {never, &scope.cancel()});
    CHECK(again.error().code == ErrorCode::cancelled);
    (void)co_await sleep(*place.reactor, {place.reactor->now() + milliseconds(20)});
    CHECK(!co_await File::open(*place.reactor, place.at("b"), {}, place.soon()));
  });
}

TEST_CASE("files are created, renamed over, listed in order, and removed") {
  on_every_back_end([](Place& place) -> Task<> {
    Reactor& reactor = *place.reactor;
    const std::string inner = place.at("inner");
    CHECK(co_await make_directory(reactor, inner, place.soon()));
    CHECK(co_await make_directory(reactor, inner, place.soon()));
    for (const char* name : {"inner/b", "inner/a", "inner/c"}) {
      FilePtr file = *co_await File::open(reactor, place.at(name), fresh, place.soon());
      CHECK(co_await file->write_at(buffer_of(name), 0, WriteMode::cached, place.soon()));
    }
    auto twice = co_await File::open(reactor, place.at("inner/a"), fresh, place.soon());
    CHECK(twice.error().sys == EEXIST);
    CHECK(co_await rename_file(reactor, place.at("inner/c"), place.at("inner/a"), place.soon()));
    CHECK(co_await sync_directory(reactor, inner, place.soon()));
    using Names = std::vector<std::string>;
    CHECK(co_await list_directory(reactor, inner, 2, place.soon()) == Names{"a", "b"});
    auto bounded = co_await list_directory(reactor, inner, 1, place.soon());
    CHECK(bounded.error().code == ErrorCode::limit);
    FilePtr file = *co_await File::open(reactor, place.at("inner/a"), {}, place.soon());
    CHECK((co_await file->read_at(AlignedBuffer(10), 10, 0, place.soon()))->view() == "inner/c");
    CHECK(co_await remove_file(reactor, place.at("inner/a"), place.soon()));
    auto gone = co_await File::open(reactor, place.at("inner/a"), {}, place.soon());
    CHECK(gone.error().code == ErrorCode::not_found);
    // Whoever has it open still reads it.
    CHECK((co_await file->read_at(AlignedBuffer(10), 10, 0, place.soon()))->view() == "inner/c");
  });
}

TEST_CASE("a lock is held by one opening of a file, until that is closed") {
  on_every_back_end([](Place& place) -> Task<> {
    FilePtr first = *co_await File::open(*place.reactor, place.at("a"), fresh, place.soon());
    FilePtr other = *co_await File::open(*place.reactor, place.at("a"), {}, place.soon());
    CHECK(co_await first->try_lock(place.soon()) == true);
    CHECK(co_await other->try_lock(place.soon()) == false);
    first.reset();
    (void)co_await sleep(*place.reactor, {place.reactor->now() + milliseconds(50)});
    CHECK(co_await other->try_lock(place.soon()) == true);
  });
}

TEST_CASE("a file is resized, and opening can empty it") {
  on_every_back_end([](Place& place) -> Task<> {
    FilePtr file = *co_await File::open(*place.reactor, place.at("a"), fresh, place.soon());
    CHECK(co_await file->write_at(buffer_of("hello"), 0, WriteMode::cached, place.soon()));
    CHECK(co_await file->truncate(2, place.soon()));
    CHECK(co_await file->truncate(4, place.soon()));
    auto got = co_await file->read_at(AlignedBuffer(10), 10, 0, place.soon());
    CHECK(got->view() == std::string_view("he\0\0", 4));
    file = *co_await File::open(*place.reactor, place.at("a"), {.write = true, .truncate = true},
                                place.soon());
    CHECK(co_await file->size(place.soon()) == 0);
  });
}

}  // namespace weir::runtime
