#include "runtime/file_memory.h"

#include <algorithm>
#include <set>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "runtime/page_pipe.h"

namespace weir::runtime {

TEST_CASE("pieces are distinct, as many as there is room for, and come back") {
  const auto memory = FileMemory::make(70 * FileMemory::piece_bytes + 1);
  REQUIRE(memory);
  std::set<char*> taken;
  while (char* piece = memory->take()) {
    CHECK(memory->has(piece));
    CHECK(memory->has(piece + FileMemory::piece_bytes - 1));
    std::fill_n(piece, FileMemory::piece_bytes, 'x');
    CHECK(taken.insert(piece).second);
  }
  CHECK(taken.size() == 70);
  int elsewhere = 0;
  CHECK(!memory->has(&elsewhere));
  memory->lend(*taken.begin());
  memory->give_back(*taken.begin());
  CHECK(memory->take() == *taken.begin());
  CHECK((*taken.begin())[0] == '\0');
  for (char* piece : taken)
    memory->give_back(piece);
}

TEST_CASE("what was not lent keeps its pages, up to a sixteenth of all, and is taken first") {
  const auto memory = FileMemory::make(32 * FileMemory::piece_bytes);
  REQUIRE(memory);
  std::vector<char*> taken;
  for (int i = 0; i < 8; ++i) {
    taken.push_back(memory->take());
    *taken.back() = 'x';
  }
  for (char* piece : taken)
    memory->give_back(piece);
  std::set<char*> again;
  for (int i = 0; i < 2; ++i) {
    char* piece = memory->take();
    CHECK(std::ranges::find(taken, piece) != taken.end());
    CHECK(*piece == 'x');
    CHECK(again.insert(piece).second);
  }
  char* third = memory->take();
  CHECK(*third == '\0');
  memory->give_back(third);
  for (char* piece : again)
    memory->give_back(piece);
}

TEST_CASE("a piece is lent from when that is said until it is given back") {
  const auto memory = FileMemory::make(2 * FileMemory::piece_bytes);
  REQUIRE(memory);
  char* piece = memory->take();
  char* other = memory->take();
  CHECK(!memory->lent(piece));
  memory->lend(piece);
  CHECK(memory->lent(piece + FileMemory::piece_bytes - 1));
  CHECK(!memory->lent(other));
  int elsewhere = 0;
  CHECK(!memory->lent(&elsewhere));
  memory->give_back(piece);
  CHECK(memory->take() == piece);
  CHECK(!memory->lent(piece));
  memory->give_back(piece);
  memory->give_back(other);
}

TEST_CASE("less than a piece is no memory") {
  CHECK(!FileMemory::make(FileMemory::piece_bytes - 1));
}

TEST_CASE("what a socket still sends stays as it was when its piece is given back and used again") {
  const auto memory = FileMemory::make(FileMemory::piece_bytes);
  REQUIRE(memory);
  int pair[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  char* piece = memory->take();
  constexpr size_t bytes = 16384;
  std::fill_n(piece, bytes, 'a');
  memory->lend(piece);
  PagePipe pages(*memory);
  const iovec part{piece, bytes};
  REQUIRE(pages.takes(part));
  REQUIRE(pages.send(pair[0], std::span(&part, 1), false).value_or(0) == bytes);
  memory->give_back(piece);
  REQUIRE(memory->take() == piece);
  std::fill_n(piece, FileMemory::piece_bytes, 'b');
  std::string got(bytes, '\0');
  REQUIRE(recv(pair[1], got.data(), got.size(), MSG_WAITALL) == bytes);
  CHECK(got == std::string(bytes, 'a'));
  memory->give_back(piece);
  close(pair[0]);
  close(pair[1]);
}

TEST_CASE("threads that take and give back at once never get the same piece") {
  const auto memory = FileMemory::make(32 * FileMemory::piece_bytes);
  REQUIRE(memory);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (char name : {'a', 'b', 'c', 'd'})
    threads.emplace_back([&, name] {
      for (int i = 0; i < 300; ++i) {
        char* piece = memory->take();
        if (!piece) continue;
        piece[0] = piece[FileMemory::piece_bytes - 1] = name;
        std::this_thread::yield();
        if (piece[0] != name || piece[FileMemory::piece_bytes - 1] != name) ++wrong;
        if (i % 3 == 0) memory->lend(piece);
        memory->give_back(piece);
      }
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(wrong == 0);
}

}  // namespace weir::runtime
