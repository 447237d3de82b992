#include "tests/bench/workloads/row_spread.h"

#include <cstdlib>
#include <set>

#include "gtest/gtest.h"

namespace genledger::bench {
namespace {

TEST(RowSpread, VisitsEveryRowOnceBeforeAnyRowTwice) {
  for (const int64_t rows : {1, 2, 3, 4, 7, 10, 100, 7919, 50'000, 65'536}) {
    const RowSpread spread(rows);
    std::set<int64_t> seen;
    for (int64_t index = 0; index < rows; ++index) {
      const int64_t row = spread.RowOf(index);
      ASSERT_GE(row, 0);
      ASSERT_LT(row, rows);
      seen.insert(row);
    }
    EXPECT_EQ(static_cast<int64_t>(seen.size()), rows);
    EXPECT_EQ(spread.RowOf(rows), spread.RowOf(0));
  }
}

TEST(RowSpread, NeighboursInTimeAreFarApart) {
  const RowSpread spread(10'000'000);
  for (int64_t index = 1; index < 1000; ++index) {
    EXPECT_GT(std::abs(spread.RowOf(index) - spread.RowOf(index - 1)), 1'000'000);
  }
}

}  // namespace
}  // namespace genledger::bench
