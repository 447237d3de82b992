// Aligned columns for people.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace genledger::ctl {

enum class Color { kNone, kGreen, kYellow, kRed, kDim };

struct Cell {
  std::string text;  // as it came: the table escapes it
  Color color = Color::kNone;
};

// Rows under headings. Columns are as wide as their widest cell so far, so that a table that is
// written in pages stays aligned as well as one can without having seen its end. The last column
// is not padded.
class Table {
 public:
  Table(std::vector<std::string> headings, bool color);

  // As many cells as headings.
  void AddRow(std::vector<Cell> row);

  // The rows since the last call; the headings before the first.
  std::string Render();

 private:
  std::string RenderRow(const std::vector<Cell>& row) const;

  const std::vector<std::string> headings_;
  const bool color_;
  bool headings_shown_ = false;
  std::vector<size_t> widths_;
  std::vector<std::vector<Cell>> rows_;
};

// "name  value" lines, names padded to one width.
class Sheet {
 public:
  explicit Sheet(bool color) : color_(color) {}

  void Add(std::string name, Cell value) { lines_.emplace_back(std::move(name), std::move(value)); }
  // Nothing if the text is empty.
  void AddIfSet(std::string name, Cell value) {
    if (!value.text.empty()) {
      Add(std::move(name), std::move(value));
    }
  }

  std::string Render() const;

 private:
  const bool color_;
  std::vector<std::pair<std::string, Cell>> lines_;
};

}  // namespace genledger::ctl
