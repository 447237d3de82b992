#include "tests/bench/report_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"

namespace genledger::bench {
namespace {

constexpr double kPanelWidth = 460;
constexpr double kPanelHeight = 300;
constexpr double kMargin = 60;
constexpr double kLegendWidth = 170;
// Told apart by people who see few colours, too (Okabe and Ito).
constexpr std::array<const char*, 8> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                 "#e69f00", "#56b4e9", "#000000", "#999933"};

struct Point {
  double x;
  double y;
};

struct Line {
  std::string name;
  const char* colour;
  bool dashed;
  std::vector<Point> points;
};

struct Panel {
  std::string title;
  std::string unit;
  std::vector<Line> lines;
};

using ValueOf = std::function<double(const Measurement&)>;

std::string Escape(std::string_view text) {
  return absl::StrReplaceAll(absl::string_view(text.data(), text.size()),
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

// The distinct names of what is drawn, in the order of their first appearance. Limits are drawn
// with the operations that they are of.
std::vector<std::string> Distinct(const Report& report,
                                  const std::function<std::string(const Measurement&)>& name_of) {
  std::vector<std::string> names;
  for (const Measurement& measurement : report.measurements) {
    const std::string name = name_of(measurement);
    if (measurement.setup != kLimitSetup && measurement.concurrency > 0 &&
        std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  return names;
}

// An axis whose ends are whole powers of `base`.
class LogAxis {
 public:
  LogAxis(double base, double low, double high, double from, double to)
      : base_(base), from_(from), to_(to) {
    first_ = std::floor(Log(low));
    last_ = std::max(std::ceil(Log(high)), first_ + 1);
  }

  double Place(double value) const {
    return from_ + (Log(value) - first_) / (last_ - first_) * (to_ - from_);
  }
  std::vector<double> Ticks() const {
    std::vector<double> ticks;
    for (double power = first_; power <= last_; ++power) {
      ticks.push_back(std::pow(base_, power));
    }
    return ticks;
  }

 private:
  double Log(double value) const { return std::log(value) / std::log(base_); }

  double base_;
  double from_;
  double to_;
  double first_;
  double last_;
};

LogAxis AxisOver(const Panel& panel, double base, double Point::*coordinate, double from,
                 double to) {
  double low = HUGE_VAL;
  double high = 0;
  for (const Line& line : panel.lines) {
    for (const Point& point : line.points) {
      low = std::min(low, point.*coordinate);
      high = std::max(high, point.*coordinate);
    }
  }
  return {base, low, high, from, to};
}

std::string TickText(double value) {
  return value >= 1000 ? absl::StrFormat("%gk", value / 1000) : absl::StrFormat("%g", value);
}

void DrawAxes(const Panel& panel, const LogAxis& x, const LogAxis& y, double left, double top,
              std::string& svg) {
  const double right = left + kPanelWidth;
  const double bottom = top + kPanelHeight;
  absl::StrAppendFormat(&svg,
                        "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' class='frame'/>\n",
                        left, top, kPanelWidth, kPanelHeight);
  absl::StrAppendFormat(&svg, "<text x='%.1f' y='%.1f' class='title'>%s</text>\n", left, top - 10,
                        Escape(panel.title));
  for (const double tick : x.Ticks()) {
    const double place = x.Place(tick);
    absl::StrAppendFormat(&svg,
                          "<path d='M%.1f %.1fV%.1f' class='grid'/><text x='%.1f' y='%.1f' "
                          "text-anchor='middle'>%s</text>\n",
                          place, top, bottom, place, bottom + 16, TickText(tick));
  }
  for (const double tick : y.Ticks()) {
    const double place = y.Place(tick);
    absl::StrAppendFormat(&svg,
                          "<path d='M%.1f %.1fH%.1f' class='grid'/><text x='%.1f' y='%.1f' "
                          "text-anchor='end'>%s</text>\n",
                          left, place, right, left - 6, place + 4, TickText(tick));
  }
  absl::StrAppendFormat(&svg,
                        "<text x='%.1f' y='%.1f' text-anchor='middle'>calls in flight</text>"
                        "<text x='%.1f' y='%.1f'>%s</text>\n",
                        left + kPanelWidth / 2, bottom + 34, left + 6, top + 16,
                        Escape(panel.unit));
}

void DrawPanel(const Panel& panel, double left, double top, std::string& svg) {
  const LogAxis x = AxisOver(panel, 4, &Point::x, left, left + kPanelWidth);
  const LogAxis y = AxisOver(panel, 10, &Point::y, top + kPanelHeight, top);
  DrawAxes(panel, x, y, left, top, svg);
  for (const Line& line : panel.lines) {
    absl::StrAppendFormat(&svg, "<polyline class='%s' stroke='%s' points='",
                          line.dashed ? "limit" : "line", line.colour);
    for (const Point& point : line.points) {
      absl::StrAppendFormat(&svg, "%.1f,%.1f ", x.Place(point.x), y.Place(point.y));
    }
    absl::StrAppendFormat(&svg, "'><title>%s</title></polyline>\n", Escape(line.name));
    for (const Point& point : line.points) {
      absl::StrAppendFormat(&svg, "<circle cx='%.1f' cy='%.1f' r='%d' fill='%s'/>\n",
                            x.Place(point.x), y.Place(point.y), line.dashed ? 1 : 3, line.colour);
    }
  }
}

std::vector<Point> PointsOf(const Report& report, const std::string& setup,
                            const std::string& operation, const ValueOf& value_of) {
  std::vector<Point> points;
  for (const Measurement& m : report.measurements) {
    const double value = value_of(m);
    if (m.setup == setup && m.operation == operation && m.concurrency > 0 && value > 0) {
      points.push_back({.x = static_cast<double>(m.concurrency), .y = value});
    }
  }
  return points;
}

void AddLine(Panel& panel, std::string name, const char* colour, bool dashed,
             std::vector<Point> points) {
  if (!points.empty()) {
    panel.lines.push_back(
        {.name = std::move(name), .colour = colour, .dashed = dashed, .points = std::move(points)});
  }
}

double LimitRate(const Measurement& m) {
  return m.limit.has_value() ? m.limit->calls_per_second : 0;
}

void DrawLegend(const std::vector<std::string>& operations, double left, double top,
                std::string& svg) {
  for (size_t i = 0; i < operations.size(); ++i) {
    const double y = top + 10 + static_cast<double>(i) * 18;
    absl::StrAppendFormat(
        &svg,
        "<path d='M%.1f %.1fh24' class='line' stroke='%s'/><text x='%.1f' y='%.1f'>%s</text>\n",
        left, y, kColours[i % kColours.size()], left + 30, y + 4, Escape(operations[i]));
  }
  const double y = top + 10 + static_cast<double>(operations.size()) * 18;
  absl::StrAppendFormat(&svg,
                        "<path d='M%.1f %.1fh24' class='limit' stroke='#666'/>"
                        "<text x='%.1f' y='%.1f'>its limit</text>\n",
                        left, y, left + 30, y + 4);
}

}  // namespace

std::string ReportPlot(const Report& report) {
  const std::vector<std::string> setups =
      Distinct(report, [](const Measurement& m) { return m.setup; });
  const std::vector<std::string> operations =
      Distinct(report, [](const Measurement& m) { return m.operation; });
  const double row_height = kPanelHeight + 2 * kMargin;
  const double width = 2 * (kPanelWidth + 2 * kMargin) + kLegendWidth;
  const double height = std::max(row_height * static_cast<double>(setups.size()),
                                 static_cast<double>(operations.size() + 3) * 18 + kMargin);
  std::string svg = absl::StrFormat(
      "<svg xmlns='http://www.w3.org/2000/svg' width='%.0f' height='%.0f' "
      "viewBox='0 0 %.0f %.0f'>\n"
      "<style>text{font:12px sans-serif}.title{font-weight:bold}.frame{fill:none;stroke:#444}"
      ".grid{stroke:#ddd}.line{fill:none;stroke-width:2}"
      ".limit{fill:none;stroke-width:1;stroke-dasharray:5 4}</style>\n"
      "<rect width='100%%' height='100%%' fill='white'/>\n",
      width, height, width, height);
  for (size_t i = 0; i < setups.size(); ++i) {
    Panel rate{.title = setups[i] + ": throughput", .unit = "calls a second"};
    Panel latency{.title = setups[i] + ": p99 latency", .unit = "milliseconds"};
    for (size_t j = 0; j < operations.size(); ++j) {
      const char* const colour = kColours[j % kColours.size()];
      const std::string& name = operations[j];
      AddLine(rate, name, colour, false,
              PointsOf(report, setups[i], name,
                       [](const Measurement& m) { return m.calls_per_second; }));
      AddLine(rate, "limit of " + name, colour, true, PointsOf(report, setups[i], name, LimitRate));
      AddLine(latency, name, colour, false,
              PointsOf(report, setups[i], name, [](const Measurement& m) {
                return absl::ToDoubleMilliseconds(m.latency.p99);
              }));
    }
    const double top = static_cast<double>(i) * row_height + kMargin;
    DrawPanel(rate, kMargin, top, svg);
    DrawPanel(latency, kPanelWidth + 3 * kMargin, top, svg);
  }
  DrawLegend(operations, 2 * (kPanelWidth + 2 * kMargin), kMargin, svg);
  return svg + "</svg>\n";
}

}  // namespace genledger::bench
