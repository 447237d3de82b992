#include "service/telemetry/json_logger.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace genledger {
namespace {

// What `log` wrote, line by line.
template <typename Write>
std::vector<std::string> LinesOf(Write&& write) {
  ::testing::internal::CaptureStderr();
  write(*NewJsonLogger());
  std::istringstream text(::testing::internal::GetCapturedStderr());
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    lines.push_back(line);
  }
  return lines;
}

TEST(JsonLogger, WritesOneObjectALine) {
  const auto lines = LinesOf([](Logger& log) {
    log.Log(Severity::kError, "outcome_not_stored", {{"submission", "sub_1"}, {"attempt", "2"}});
    log.Log(Severity::kInfo, "stopped", {});
    log.Log(Severity::kWarning, "outcome_unknown", {});
  });
  ASSERT_EQ(lines.size(), 3U);
  const nlohmann::json first = nlohmann::json::parse(lines[0]);
  EXPECT_EQ(first["level"], "error");
  EXPECT_EQ(first["event"], "outcome_not_stored");
  EXPECT_EQ(first["submission"], "sub_1");
  EXPECT_EQ(first["attempt"], "2");
  EXPECT_EQ(first["time"].get<std::string>().size(),
            std::string("2026-01-31T12:00:00.123Z").size());
  EXPECT_EQ(nlohmann::json::parse(lines[1])["level"], "info");
  EXPECT_EQ(nlohmann::json::parse(lines[2])["level"], "warning");
}

TEST(JsonLogger, StaysOneObjectALineForHostileText) {
  std::string every_byte;
  for (int c = 0; c < 256; ++c) {
    every_byte += static_cast<char>(c);
  }
  for (const std::string& text :
       {std::string("\",\"level\":\"info"), std::string("line\nbreak\r\n"), std::string("{} %v %s"),
        std::string("a\0b", 3), std::string("\xff\xfe broken utf-8"), std::string("\u2028"),
        every_byte, std::string(100'000, 'x')}) {
    const auto lines = LinesOf([&](Logger& log) {
      log.Log(Severity::kInfo, "event", {{"text", text}});
    });
    ASSERT_EQ(lines.size(), 1U);
    const nlohmann::json parsed = nlohmann::json::parse(lines[0], nullptr, false);
    ASSERT_FALSE(parsed.is_discarded()) << lines[0];
    EXPECT_EQ(parsed["level"], "info");
    EXPECT_EQ(parsed.size(), 4U);
  }
}

TEST(JsonLogger, LinesOfManyThreadsStayWhole) {
  const auto lines = LinesOf([](Logger& log) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log] {
        for (int i = 0; i < 100; ++i) {
          log.Log(Severity::kInfo, "event", {{"text", std::string(200, 'x')}});
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  });
  EXPECT_EQ(lines.size(), 400U);
  for (const std::string& line : lines) {
    ASSERT_TRUE(nlohmann::json::accept(line)) << line;
  }
}

}  // namespace
}  // namespace genledger
