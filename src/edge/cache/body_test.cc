#include "edge/cache/body.h"

#include <string>

#include <doctest/doctest.h>

#include "base/random.h"
#include "edge/cache/cache_test_kit.h"

namespace weir::edge::cache {
namespace {

using runtime::Task;

char byte_at(uint64_t offset) {
  return static_cast<char>(offset * 2'654'435'761u >> 13);
}

std::string bytes_of(uint64_t from, uint64_t n) {
  std::string bytes(n, '\0');
  for (uint64_t i = 0; i < n; ++i)
    bytes[i] = byte_at(from + i);
  return bytes;
}

void write(Body& body, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> room = body.room();
    REQUIRE(!room.empty());
    const size_t n = std::min(room.size(), bytes.size());
    std::ranges::copy(bytes.substr(0, n), room.begin());
    body.publish(n);
    bytes.remove_prefix(n);
  }
}

}  // namespace

TEST_CASE("bytes come out as they went in, at every offset, whatever the length") {
  Random random(1);
  for (const uint64_t length : {uint64_t{0}, uint64_t{1}, uint64_t{4096}, uint64_t{4097},
                                uint64_t{262'144}, uint64_t{262'145}, uint64_t{3'000'000}})
    for (const bool known : {true, false}) {
      CAPTURE(length);
      CAPTURE(known);
      ByteAccount account;
      {
        const BodyRef body =
            BodyRef::adopt(Body::make(account, known ? std::optional(length) : std::nullopt));
        for (uint64_t done = 0; done < length;) {
          const uint64_t n = std::min(length - done, 1 + random.below(50'000));
          write(*body, bytes_of(done, n));
          done += n;
          CHECK(body->published() == done);
        }
        CHECK(body->complete());
        CHECK(body->length() == length);
        CHECK(body->has_whole() == (known && length <= Body::one_piece_bytes_max));
        CHECK(account.bytes() >= length);
        CHECK(account.bytes() <= length + 2 * Body::one_piece_bytes_max);
        for (uint64_t at = 0; at < length;) {
          const std::string_view view = body->view(at);
          REQUIRE(!view.empty());
          REQUIRE(view == bytes_of(at, view.size()));
          at += 1 + random.below(view.size());
        }
        CHECK(body->view(length).empty());
      }
      CHECK(account.bytes() == 0);
    }
}

TEST_CASE("what passes through without being stored reuses the pointers to its slices") {
  ByteAccount account;
  const BodyShape shape{.slice_bytes = 4096, .stored_bytes_max = 10'000};
  const BodyRef body = BodyRef::adopt(Body::make(account, std::nullopt, shape));
  body->give_up();
  uint64_t most = 0;
  for (uint64_t at = 0; at < 20'000'000; at += 4096) {
    write(*body, bytes_of(at, 4096));
    REQUIRE(body->view(at) == bytes_of(at, 4096));
    Feed::drop_passed(*body);
    most = std::max(most, account.bytes());
  }
  CHECK(most < 40'000);
}

TEST_CASE("a body takes no more than was promised") {
  ByteAccount account;
  const BodyRef body = BodyRef::adopt(Body::make(account, 3));
  write(*body, "abc");
  CHECK(body->room().empty());
  CHECK(body->complete());
}

TEST_CASE("readers on all shards follow a body that grows, to its end") {
  struct Reading {
    static Task<> follow(ShardStore& store, Body& body, std::string& got, bool& done) {
      BodyReader reader(store, body, 0);
      while (!reader.at_end()) {
        if (reader.view().empty()) {
          const Result<> more =
              co_await reader.more({after(store.shard().now(), seconds(60)), nullptr});
          REQUIRE(more.has_value());
          continue;
        }
        // By small steps, as a client takes them.
        const std::string_view piece = reader.view().substr(0, 30'000);
        got += piece;
        reader.advance(piece.size());
      }
      done = true;
    }
  };
  CacheWorld world(3);
  world.run([](CacheWorld& w) -> Task<> {
    Fill fill = w.at(1).fill_alone("k", w.store.hash_of("k"));
    REQUIRE(fill.publish({.head = "h"}, std::nullopt).has_value());
    co_await w.settle();
    std::array<std::string, 9> got;
    std::array<bool, 9> done{};
    std::string whole;
    for (size_t i = 0; i < 400; ++i) {
      if (i % 40 == 0 && i / 40 < got.size())
        w.at(i / 40 % 3)
            .shard()
            .background()
            .spawn(Reading::follow(w.at(i / 40 % 3), w.find("k", i / 40 % 3)->body(), got[i / 40],
                                   done[i / 40]));
      const std::string piece = bytes_of(whole.size(), 1000 + i);
      REQUIRE(fill.append(piece).has_value());
      whole += piece;
      if (i % 3 == 0) co_await w.settle();
    }
    REQUIRE(fill.complete().has_value());
    co_await w.settle();
    for (size_t i = 0; i < got.size(); ++i) {
      CHECK(done[i]);
      CHECK(got[i] == whole);
    }
  });
}

TEST_CASE("the slowest of many readers is known, whoever comes, goes on and leaves") {
  CacheWorld world(1);
  world.run([](CacheWorld& w) -> Task<> {
    Fill fill = w.at(0).fill_alone("k", w.store.hash_of("k"));
    REQUIRE(fill.publish({.head = "h"}, std::nullopt).has_value());
    REQUIRE(fill.append(bytes_of(0, 100)).has_value());
    co_await w.settle();
    Body& body = w.find("k")->body();
    Random random(5);
    std::vector<std::unique_ptr<BodyReader>> readers;
    CHECK(Feed::lowest(body) == UINT64_MAX);
    for (int i = 0; i < 3000; ++i) {
      const uint64_t which = readers.empty() ? 0 : random.below(readers.size());
      if (readers.empty() || (readers.size() < 20 && random.below(3) == 0))
        readers.push_back(std::make_unique<BodyReader>(w.at(0), body, random.below(4)));
      else if (random.below(4) == 0)
        readers.erase(readers.begin() + static_cast<ptrdiff_t>(which));
      else
        readers[which]->advance(random.below(3));
      uint64_t slowest = UINT64_MAX;
      for (const auto& reader : readers)
        slowest = std::min(slowest, reader->position());
      REQUIRE(Feed::lowest(body) == slowest);
    }
    readers.clear();
    CHECK(Feed::lowest(body) == UINT64_MAX);
    REQUIRE(fill.complete().has_value());
  });
}

TEST_CASE("what is too large is not stored, yet whoever reads it already gets all of it") {
  struct Reading {
    static Task<> follow(ShardStore& store, const Object& object, uint64_t& got, bool& right) {
      const ObjectRef held(object);
      BodyReader reader(store, held->body(), 0);
      while (!reader.at_end()) {
        if (reader.view().empty()) {
          if (!co_await reader.more({after(store.shard().now(), seconds(60)), nullptr})) co_return;
          continue;
        }
        const std::string_view piece = reader.view().substr(0, 40'000);
        right = right && piece == bytes_of(got, piece.size());
        got += piece.size();
        // A client that is slower than the origin.
        (void)co_await runtime::sleep(store.shard().reactor(),
                                      {after(store.shard().now(), milliseconds(3)), nullptr});
        reader.advance(piece.size());
      }
    }
  };
  StoreSettings settings = test_settings();
  settings.object_bytes_max = 1'000'000;
  CacheWorld world(2, settings);
  world.run([](CacheWorld& w) -> Task<> {
    Fill fill = w.at(0).fill_alone("k", w.store.hash_of("k"));
    REQUIRE(fill.publish({.head = "h"}, std::nullopt).has_value());
    co_await w.settle();
    uint64_t got = 0, total = 0, most = 0;
    bool right = true;
    w.at(1).shard().background().spawn(Reading::follow(w.at(1), *w.find("k", 1), got, right));
    while (total < 8'000'000) {
      const std::string piece = bytes_of(total, 50'000);
      REQUIRE((co_await fill.append_all(piece, w.soon(seconds(60)))).has_value());
      total += piece.size();
      most = std::max(most, w.store.filling_bytes());
    }
    CHECK(!fill.storing());
    REQUIRE(fill.complete().has_value());
    (void)co_await runtime::sleep(w.at(0).shard().reactor(), w.soon(seconds(5)));
    CHECK(got == total);
    CHECK(right);
    CHECK(!w.find("k"));
    CHECK(w.counted(not_stored_decl) == 1);
    CHECK(most <= 1'000'000 + w.store.window_bytes() + 3 * w.store.body_shape().slice_bytes);
    CHECK(w.store.filling_bytes() == 0);
  });
}

TEST_CASE("a body that is not stored and that nobody reads is fetched no further") {
  StoreSettings settings = test_settings();
  settings.object_bytes_max = 10'000;
  CacheWorld world(2, settings);
  world.run([](CacheWorld& w) -> Task<> {
    Fill fill = w.at(0).fill_alone("k", w.store.hash_of("k"));
    REQUIRE(fill.publish({.head = "h"}, std::nullopt).has_value());
    CHECK(fill.append(std::string(10'000, 'x')).has_value());
    co_await w.settle();
    Result<size_t> more = fill.append("x");
    for (int i = 0; i < 100 && more; ++i) {
      co_await w.settle();
      more = fill.append("x");
    }
    REQUIRE(!more);
    CHECK(more.error().code == ErrorCode::closed);
    // Known before it begins.
    Fill known = w.at(0).fill_alone("l", w.store.hash_of("l"));
    CHECK(known.publish({.head = "h"}, 10'001).error().code == ErrorCode::limit);
    known.decline(seconds(1));
  });
}

TEST_CASE("a small body of unknown length ends up in one piece of its size") {
  CacheWorld world(2);
  world.run([](CacheWorld& w) -> Task<> {
    Fill fill = w.at(1).fill_alone("k", w.store.hash_of("k"));
    const std::string_view tags[] = {"t"};
    REQUIRE(fill.publish({.variant = "v", .head = "h", .meta = "m", .tags = tags}, std::nullopt)
                .has_value());
    REQUIRE(fill.append("0123456789").has_value());
    co_await w.settle();
    const ObjectRef loose(*w.find("k"));
    REQUIRE(fill.complete().has_value());
    co_await w.settle();
    const Object* tight = w.find("k");
    REQUIRE(tight);
    CHECK(tight != loose.get());
    CHECK(tight->body().has_whole());
    CHECK(tight->body().whole() == "0123456789");
    CHECK(tight->variant() == "v");
    CHECK(tight->meta() == "m");
    CHECK(loose->body().view(0) == "0123456789");
    CHECK((co_await w.at(0).purge({.by = PurgeBy::tag, .text = "t"}, w.soon())) == 1u);
  });
}

TEST_CASE("slices lie in file memory, which lends them once the body is asked for again") {
  constexpr uint64_t slice = runtime::FileMemory::piece_bytes, length = 3 * slice + 1000;
  const auto memory = runtime::FileMemory::make(2 * slice);
  REQUIRE(memory);
  ByteAccount account;
  {
    const BodyRef body = BodyRef::adopt(Body::make(account, length, {.memory = memory.get()}));
    write(*body, bytes_of(0, length));
    REQUIRE(body->complete());
    CHECK(memory->has(body->view(0).data()));
    CHECK(memory->has(body->view(slice).data()));
    CHECK(!memory->has(body->view(2 * slice).data()));
    CHECK(!memory->has(body->view(3 * slice).data()));
    CHECK(!memory->lent(body->view(0).data()));
    body->lend();
    CHECK(memory->lent(body->view(0).data()));
    CHECK(memory->lent(body->view(2 * slice - 1).data()));
    CHECK(account.bytes() >= length);
    for (uint64_t at = 0; at < length; at += slice)
      CHECK(body->view(at) == bytes_of(at, std::min(slice, length - at)));
    CHECK(memory->take() == nullptr);
  }
  CHECK(account.bytes() == 0);
  char* first = memory->take();
  CHECK(first != nullptr);
  memory->give_back(first);
}

}  // namespace weir::edge::cache
