#include "service/telemetry/access_log_writer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace genledger {
namespace {

using Json = nlohmann::json;

AccessRecord Record(const std::string& caller, absl::StatusCode code = absl::StatusCode::kOk) {
  return {.start = absl::FromUnixMillis(1'800'000'000'007),
          .duration = absl::Microseconds(1'042),
          .front = "grpc",
          .method = "GetSubmission",
          .caller = caller,
          .tenant = "video",
          .code = code};
}

class AccessLogWriterTest : public ::testing::Test {
 protected:
  // Destroys the log, and reads what it wrote.
  std::vector<Json> Lines() {
    log_.reset();
    std::rewind(stream_);
    std::string text;
    std::array<char, 65536> part;
    while (const size_t length = std::fread(part.data(), 1, part.size(), stream_)) {
      text.append(part.data(), length);
    }
    std::vector<Json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
      lines.push_back(Json::parse(line));
    }
    return lines;
  }
  ~AccessLogWriterTest() override { std::fclose(stream_); }

  std::FILE* const stream_ = std::tmpfile();
  std::unique_ptr<AccessLog> log_ = NewAccessLogWriter({.stream = stream_});
};

TEST_F(AccessLogWriterTest, ALineTellsWhoWhatAndHow) {
  log_->Add(Record("token:worker-1"));
  AccessRecord failed = Record("spiffe://a/\"\\\n\xff", absl::StatusCode::kNotFound);
  failed.reason = ErrorReason::kSubmissionNotFound;
  log_->Add(failed);
  const std::vector<Json> lines = Lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], Json::parse(R"({"time":"2027-01-15T08:00:00.007Z","level":"info",
      "event":"access","front":"grpc","method":"GetSubmission","caller":"token:worker-1",
      "tenant":"video","code":"OK","milliseconds":1.042})"));
  EXPECT_EQ(lines[1]["code"], "NOT_FOUND");
  EXPECT_EQ(lines[1]["reason"], "SUBMISSION_NOT_FOUND");
  EXPECT_EQ(lines[1]["caller"], "spiffe://a/\"\\\n\u00ff");
}

TEST_F(AccessLogWriterTest, EveryRecordOfManyThreadsIsWrittenOnce) {
  constexpr int kThreads = 4;
  constexpr int kRecords = 1'000;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, thread] {
      for (int i = 0; i < kRecords; ++i) {
        log_->Add(Record(std::to_string(thread * kRecords + i)));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::vector<bool> seen(kThreads * kRecords);
  for (const Json& line : Lines()) {
    const auto number = std::stoul(line["caller"].get<std::string>());
    EXPECT_FALSE(seen[number]);
    seen[number] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), kThreads * kRecords);
}

TEST(AccessLogWriter, WhatAReaderThatDoesNotReadCannotTakeIsDroppedAndCounted) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  std::FILE* const stream = fdopen(pipe_ends[1], "w");
  constexpr int kRecords = 20'000;
  auto log = NewAccessLogWriter({.stream = stream, .records_max = 80});
  for (int i = 0; i < kRecords; ++i) {
    log->Add(Record("caller"));  // waits for nobody, or the test would not end
  }
  std::string text;
  std::thread reader([&text, from = pipe_ends[0]] {
    std::array<char, 65536> part;
    for (ssize_t length = 0; (length = read(from, part.data(), part.size())) > 0;) {
      text.append(part.data(), static_cast<size_t>(length));
    }
    close(from);
  });
  log.reset();
  std::fclose(stream);
  reader.join();
  int written = 0;
  int dropped = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line);
    if (json["event"] == "access") {
      ++written;
    } else {
      EXPECT_EQ(json["event"], "access_lines_dropped");
      dropped += std::stoi(json["lines"].get<std::string>());
    }
  }
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(written + dropped, kRecords);
}

}  // namespace
}  // namespace genledger
