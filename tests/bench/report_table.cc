#include "tests/bench/report_table.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace genledger::bench {
namespace {

using Row = std::vector<std::string>;

// The first `left` columns are texts and stand at the left, the others are numbers.
std::string Align(const std::vector<Row>& rows, size_t left) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      absl::StrAppend(&line, i == 0 ? "" : "  ", i < left ? row[i] + padding : padding + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%.3f", absl::ToDoubleMilliseconds(duration));
}

std::string Ratio(double value, double limit) {
  return limit > 0 ? absl::StrFormat("%.2f", value / limit) : "-";
}

Row RowOf(const Measurement& m) {
  Row row = {
      m.setup,
      m.operation,
      m.concurrency > 0 ? absl::StrCat(m.concurrency)
                        : absl::StrFormat("%.0f/s", m.offered_calls_per_second),
      absl::StrFormat("%.0f", m.calls_per_second),
      absl::StrFormat("%.1f", m.cpu_us_per_call),
      m.database_cpu_us_per_call.has_value() ? absl::StrFormat("%.1f", *m.database_cpu_us_per_call)
                                             : "-",
      m.log_syncs_per_call.has_value() ? absl::StrFormat("%.3f", *m.log_syncs_per_call) : "-"};
  for (const absl::Duration latency :
       {m.latency.p50, m.latency.p99, m.latency.p999, m.latency.max}) {
    row.push_back(Milliseconds(latency));
  }
  if (m.limit.has_value()) {
    row.push_back(absl::StrFormat("%.0f", m.limit->calls_per_second));
    row.push_back(absl::StrFormat("%.1f", m.limit->cpu_us_per_call));
    row.push_back(Ratio(m.calls_per_second, m.limit->calls_per_second));
    row.push_back(Ratio(m.cpu_us_per_call, m.limit->cpu_us_per_call));
    row.push_back(m.limit->name);
  } else {
    row.insert(row.end(), {"-", "-", "-", "-", "-"});
  }
  return row;
}

// Three significant digits at least, and no exponent.
std::string Number(double value) {
  const double size = std::abs(value);
  if (size >= 100 || size == 0) {
    return absl::StrFormat("%.0f", value);
  }
  return size >= 1 ? absl::StrFormat("%.2f", value) : absl::StrFormat("%.4f", value);
}

}  // namespace

std::string ReportTable(const Report& report) {
  std::string text;
  for (const std::string& line : report.workload) {
    absl::StrAppend(&text, "# ", line, "\n");
  }
  if (!report.measurements.empty()) {
    std::vector<Row> rows = {{"setup", "operation", "in flight", "calls/s", "CPU us", "DB CPU us",
                              "syncs/call", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "limit/s",
                              "limit CPU us", "rate/limit", "CPU/limit", "limit"}};
    for (const Measurement& measurement : report.measurements) {
      rows.push_back(RowOf(measurement));
    }
    absl::StrAppend(&text, "\n", Align(rows, 2));
  }
  if (!report.figures.empty()) {
    std::vector<Row> rows = {{"figure", "", "unit", "goal", "value"}};
    for (const Figure& figure : report.figures) {
      rows.push_back({figure.group, figure.name, figure.unit, figure.goal, Number(figure.value)});
    }
    absl::StrAppend(&text, "\n", Align(rows, 4));
  }
  return text;
}

}  // namespace genledger::bench
