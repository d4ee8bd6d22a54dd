#include "runtime/receive_budget.h"

#include <doctest/doctest.h>

namespace weir::runtime {

TEST_CASE("a stream reads on until it holds its own share") {
  ReceiveBudget budget(100, 1000);
  CHECK(budget.reads_on(0));
  CHECK(budget.reads_on(99));
  CHECK(!budget.reads_on(100));
}

TEST_CASE("from half of the shard's bytes on only those that hold nothing read") {
  ReceiveBudget budget(100, 1000);
  budget.add(499);
  CHECK(budget.reads_on(99));
  budget.add(1);
  CHECK(!budget.reads_on(1));
  CHECK(budget.reads_on(0));
  budget.remove(1);
  CHECK(budget.reads_on(99));
  CHECK(budget.waiting() == 499);
}

TEST_CASE("the last quarter is for those that hold nothing, and beyond it nobody is admitted") {
  ReceiveBudget budget(100, 1000);
  budget.add(700);
  CHECK(budget.admits(50, 1));
  CHECK(!budget.admits(51, 1));
  CHECK(budget.admits(300, 0));
  CHECK(!budget.admits(301, 0));
}

}  // namespace weir::runtime
