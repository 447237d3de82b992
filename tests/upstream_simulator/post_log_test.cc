#include "tests/upstream_simulator/post_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

namespace genledger {
namespace {

std::string NewPath(const char* name) {
  std::string path = ::testing::TempDir() + name;
  unlink(path.c_str());
  return path;
}

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

PostRecord Sample() {
  return {.time = absl::FromUnixMicros(1'700'000'000'123'456),
          .connection = 3,
          .request = 2,
          .idempotency_key = "a \"quoted\\ key\x01 \xc3\xa9",
          .credential = "0123456789ab",
          .body_sha256 = std::string(64, 'f'),
          .body_bytes = 17,
          .complete = true,
          .accepted = true,
          .task_ids = {"task_1", "task_2"},
          .status = 200,
          .done = "answer",
          .rule = 4};
}

TEST(PostLogTest, LineComesBackAsItWas) {
  PostRecord record = Sample();
  record.seq = 9;
  const absl::StatusOr<PostRecord> back = ParsePostRecordLine(PostRecordLine(record));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, record);
}

TEST(PostLogTest, KeyThatIsNotUtf8StillMakesALine) {
  PostRecord record = Sample();
  record.idempotency_key = "\xff";
  EXPECT_TRUE(ParsePostRecordLine(PostRecordLine(record)).ok());
}

TEST(PostLogTest, RecordIsInTheFileWhenAppendReturns) {
  const std::string path = NewPath("at_once");
  auto log = PostLog::Open(path, 10);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE((*log)->Append(Sample()).ok());
  PostRecord record = Sample();
  record.seq = 1;
  EXPECT_EQ(Contents(path), PostRecordLine(record) + "\n");
}

TEST(PostLogTest, ReopenedLogGoesOn) {
  const std::string path = NewPath("goes_on");
  for (uint64_t run = 0; run < 3; ++run) {
    auto log = PostLog::Open(path, 10);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_EQ((*log)->last_seq(), run);
    EXPECT_EQ((*log)->records().size(), run);
    ASSERT_TRUE((*log)->Append(Sample()).ok());
  }
}

TEST(PostLogTest, LineCutShortIsDropped) {
  const std::string path = NewPath("cut_short");
  ASSERT_TRUE((*PostLog::Open(path, 10))->Append(Sample()).ok());
  const std::string whole = Contents(path);
  std::ofstream(path, std::ios::app) << "{\"seq\":2,\"ti";
  ASSERT_EQ((*PostLog::Open(path, 10))->last_seq(), 1u);
  EXPECT_EQ(Contents(path), whole);
}

TEST(PostLogTest, WholeLineWithoutItsLineBreakIsKept) {
  const std::string path = NewPath("no_break");
  ASSERT_TRUE((*PostLog::Open(path, 10))->Append(Sample()).ok());
  const std::string whole = Contents(path);
  ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(whole.size() - 1)), 0);
  ASSERT_EQ((*PostLog::Open(path, 10))->last_seq(), 1u);
  EXPECT_EQ(Contents(path), whole);
}

TEST(PostLogTest, AnotherFileIsRefused) {
  const std::string path = NewPath("another");
  std::ofstream(path) << "something\nelse\n";
  EXPECT_EQ(PostLog::Open(path, 10).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(PostLog::Open("/nonexistent/log", 10).status().code(), absl::StatusCode::kUnavailable);
}

TEST(PostLogTest, TwoWritersAreRefused) {
  const std::string path = NewPath("two");
  auto first = PostLog::Open(path, 10);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(PostLog::Open(path, 10).status().code(), absl::StatusCode::kUnavailable);
}

TEST(PostLogTest, MemoryIsBounded) {
  auto log = PostLog::Open("", 3);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE((*log)->Append(Sample()).ok());
  }
  EXPECT_EQ((*log)->last_seq(), 10u);
  ASSERT_EQ((*log)->records().size(), 3u);
  EXPECT_EQ((*log)->records().front().seq, 8u);
}

}  // namespace
}  // namespace genledger
