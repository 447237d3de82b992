// The three forms of a report: table, JSON and plot.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/bench/report.h"
#include "tests/bench/report_json.h"
#include "tests/bench/report_plot.h"
#include "tests/bench/report_table.h"

namespace genledger::bench {
namespace {

Measurement MakeMeasurement(std::string operation, int concurrency, double rate) {
  return {.setup = "sqlite",
          .operation = std::move(operation),
          .concurrency = concurrency,
          .calls = 3000,
          .calls_per_second = rate,
          .cpu_us_per_call = 30,
          .latency = {.p50 = absl::Microseconds(100),
                      .p99 = absl::Microseconds(200),
                      .p999 = absl::Microseconds(300),
                      .max = absl::Milliseconds(4)}};
}

Report MakeReport() {
  Report report{.workload = {"machine: a small one"}};
  Measurement get = MakeMeasurement("GET", 64, 20'000);
  get.limit = {.name = "echo", .calls_per_second = 50'000, .cpu_us_per_call = 15};
  Measurement scheduled = MakeMeasurement("GET", 0, 9'999);
  scheduled.offered_calls_per_second = 10'000;
  scheduled.database_cpu_us_per_call = 7;
  report.measurements = {MakeMeasurement("GET", 1, 5'000), get, scheduled,
                         MakeMeasurement("LIST <50 & more>", 64, 700)};
  report.measurements.push_back(MakeMeasurement("echo of GET", 64, 50'000));
  report.measurements.back().setup = kLimitSetup;
  report.figures = {
      {.group = "disk", .name = "a submission", .value = 987.6, .unit = "bytes", .goal = "1 KB"}};
  return report;
}

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(ReportTable, HasALineForEachMeasurementAndFigure) {
  const std::string text = ReportTable(MakeReport());
  EXPECT_NE(text.find("# machine: a small one\n"), std::string::npos);
  EXPECT_EQ(Count(text, "\nsqlite "), 4);
  EXPECT_EQ(Count(text, "\ndisk "), 1);
  EXPECT_NE(text.find("988\n"), std::string::npos);
}

TEST(ReportTable, TellsRatiosToTheLimit) {
  const std::string text = ReportTable(MakeReport());
  const size_t start = text.find("64    20000");
  ASSERT_NE(start, std::string::npos) << text;
  const std::string line = text.substr(start, text.find('\n', start) - start);
  EXPECT_NE(line.find(" 0.40 "), std::string::npos) << line;  // 20,000 of 50,000 calls
  EXPECT_NE(line.find(" 2.00   echo"), std::string::npos) << line;
}

TEST(ReportTable, ColumnsAreAligned) {
  const std::string text = ReportTable(MakeReport());
  const size_t head = text.find("setup ");
  const size_t column = text.find("calls/s", head) - head + 7;
  for (size_t line = text.find("\nsqlite "); line != std::string::npos;
       line = text.find("\nsqlite ", line + 1)) {
    EXPECT_EQ(text[line + 1 + column], ' ') << text;
    EXPECT_NE(text[line + column], ' ') << text;
  }
}

TEST(ReportJson, TellsEverything) {
  const nlohmann::json json = nlohmann::json::parse(ReportJson(MakeReport()));
  EXPECT_EQ(json["workload"][0], "machine: a small one");
  ASSERT_EQ(json["measurements"].size(), 5);
  const nlohmann::json& get = json["measurements"][1];
  EXPECT_EQ(get["setup"], "sqlite");
  EXPECT_EQ(get["operation"], "GET");
  EXPECT_EQ(get["concurrency"], 64);
  EXPECT_TRUE(get["offered_calls_per_second"].is_null());
  EXPECT_TRUE(get["database_cpu_us_per_call"].is_null());
  EXPECT_EQ(get["latency"]["p99_ms"], 0.2);
  EXPECT_EQ(get["limit"]["cpu_ratio"], 2.0);
  EXPECT_EQ(get["limit"]["rate_ratio"], 0.4);
  const nlohmann::json& scheduled = json["measurements"][2];
  EXPECT_TRUE(scheduled["concurrency"].is_null());
  EXPECT_EQ(scheduled["offered_calls_per_second"], 10'000);
  EXPECT_EQ(scheduled["database_cpu_us_per_call"], 7);
  EXPECT_TRUE(scheduled["limit"].is_null());
  EXPECT_EQ(json["figures"][0]["value"], 987.6);
}

TEST(ReportPlot, DrawsALineForEachOperationAndItsLimit) {
  const std::string svg = ReportPlot(MakeReport());
  EXPECT_EQ(svg.rfind("<svg ", 0), 0);
  EXPECT_EQ(Count(svg, "<polyline class='line'"), 4);   // two operations, two panels
  EXPECT_EQ(Count(svg, "<polyline class='limit'"), 1);  // of GET's throughput
  EXPECT_EQ(Count(svg, "<circle"), 7);                  // the open loop is not drawn
  EXPECT_EQ(Count(svg, "</svg>"), 1);
}

TEST(ReportPlot, EscapesNames) {
  const std::string svg = ReportPlot(MakeReport());
  EXPECT_NE(svg.find("LIST &lt;50 &amp; more&gt;"), std::string::npos);
  EXPECT_EQ(svg.find("<50"), std::string::npos);
}

TEST(ReportPlot, HigherRatesAreHigherUp) {
  const std::string svg = ReportPlot(MakeReport());
  double x1 = 0;
  double y1 = 0;
  double x2 = 0;
  double y2 = 0;
  const size_t points = svg.find("points='", svg.find("<polyline class='line'")) + 8;
  ASSERT_EQ(std::sscanf(svg.c_str() + points, "%lf,%lf %lf,%lf", &x1, &y1, &x2, &y2), 4);
  EXPECT_LT(x1, x2);  // from 1 to 64 in flight
  EXPECT_GT(y1, y2);  // y grows downwards
}

TEST(ReportPlot, AnEmptyReportIsAnEmptyPicture) {
  const std::string svg = ReportPlot({});
  EXPECT_EQ(Count(svg, "<polyline"), 0);
  EXPECT_EQ(Count(svg, "</svg>"), 1);
}

}  // namespace
}  // namespace genledger::bench
