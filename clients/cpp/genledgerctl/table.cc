#include "clients/cpp/genledgerctl/table.h"

#include <algorithm>
#include <string_view>

#include "clients/cpp/genledgerctl/text.h"

namespace genledger::ctl {
namespace {

constexpr size_t kGap = 2;

std::string_view Escape(Color color) {
  switch (color) {
    case Color::kGreen:
      return "\x1b[32m";
    case Color::kYellow:
      return "\x1b[33m";
    case Color::kRed:
      return "\x1b[31m";
    case Color::kDim:
      return "\x1b[2m";
    case Color::kNone:
      break;
  }
  return "";
}

// `text` is escaped already.
std::string Paint(const std::string& text, Color color, bool enabled) {
  if (!enabled || color == Color::kNone) {
    return text;
  }
  return std::string(Escape(color)) + text + "\x1b[0m";
}

}  // namespace

Table::Table(std::vector<std::string> headings, bool color)
    : headings_(std::move(headings)), color_(color) {
  for (const std::string& heading : headings_) {
    widths_.push_back(DisplayWidth(heading));
  }
}

void Table::AddRow(std::vector<Cell> row) {
  row.resize(headings_.size());
  for (size_t i = 0; i < row.size(); ++i) {
    row[i].text = Printable(row[i].text);
    widths_[i] = std::max(widths_[i], DisplayWidth(row[i].text));
  }
  rows_.push_back(std::move(row));
}

std::string Table::Render() {
  std::string out;
  if (!headings_shown_) {
    headings_shown_ = true;
    std::vector<Cell> headings;
    for (const std::string& heading : headings_) {
      headings.push_back({.text = heading, .color = Color::kDim});
    }
    out += RenderRow(headings);
  }
  for (const std::vector<Cell>& row : rows_) {
    out += RenderRow(row);
  }
  rows_.clear();
  return out;
}

std::string Table::RenderRow(const std::vector<Cell>& row) const {
  std::string out;
  size_t padding = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    if (!row[i].text.empty()) {
      out.append(padding, ' ');
      padding = 0;
      out += Paint(row[i].text, row[i].color, color_);
    }
    padding += widths_[i] - DisplayWidth(row[i].text) + kGap;
  }
  return out + "\n";
}

std::string Sheet::Render() const {
  size_t width = 0;
  for (const auto& [name, value] : lines_) {
    width = std::max(width, name.size());
  }
  std::string out;
  for (const auto& [name, value] : lines_) {
    out += Paint(name, Color::kDim, color_);
    out.append(width - name.size() + kGap, ' ');
    out += Paint(Printable(value.text), value.color, color_) + "\n";
  }
  return out;
}

}  // namespace genledger::ctl
