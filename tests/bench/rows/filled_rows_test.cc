#include "tests/bench/rows/filled_rows.h"

#include <array>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "service/base/ids.h"

namespace genledger::bench {
namespace {

const absl::Time kFirst = absl::FromUnixMicros(1'795'376'430'856'332);

TEST(FilledRows, IdsAreSubmissionIdsAndGrow) {
  const FilledRows rows("filled", kFirst);
  std::string before;
  for (const int64_t row : {0, 1, 31, 32, 999, 1000, 123'456, 9'999'999}) {
    const std::string id = rows.IdOf(row);
    EXPECT_TRUE(IsSubmissionId(id)) << id;
    EXPECT_GT(id, before);
    before = id;
  }
}

TEST(FilledRows, NoTwoRowsShareAKey) {
  const FilledRows rows("filled", kFirst);
  std::set<std::string> tasks;
  std::set<std::string> request_ids;
  std::set<std::array<uint8_t, 32>> hashes;
  for (int64_t row = 0; row < 1000; ++row) {
    const RowKeys keys = rows.KeysOf(row);
    EXPECT_EQ(keys.seq, row + 1);
    tasks.insert(keys.task_id);
    request_ids.insert(keys.request_id);
    hashes.insert(keys.hash);
  }
  EXPECT_EQ(tasks.size(), 1000);
  EXPECT_EQ(request_ids.size(), 1000);
  EXPECT_EQ(hashes.size(), 1000);
}

}  // namespace
}  // namespace genledger::bench
