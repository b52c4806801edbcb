// Text for terminals: how wide it is there, wrapping it, and tables whose columns line up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway {

// Columns that UTF-8 `text` takes on a terminal: 2 for East Asian wide characters and emoji, 0 for combining marks and
// colour escapes (ESC [ … m), 1 for anything else, a broken byte included.
int display_width(std::string_view text);

// `text` broken at spaces so that no line is wider than `width` (a longer word keeps a line of its own), every line
// after the first indented by `indent`. Newlines in `text` stay.
std::string wrap(std::string_view text, int width, int indent = 0);

// A table as text: a header, a rule, rows; columns two spaces apart and as wide as their widest cell.
// A column whose every cell is a number (with a sign, a unit or a percent sign) or a dash is aligned right.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}

  // Missing cells are empty. Requires: no more cells than the header has.
  void add(std::vector<std::string> row);
  // A line across the table below the rows added so far.
  void rule() { rules_.push_back(rows_.size()); }

  // Lines end in '\n', without trailing spaces.
  std::string text() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> rules_;  // a rule stands above row rules_[i]
};

// A table of these rows at once.
std::string table_text(std::vector<std::string> header, const std::vector<std::vector<std::string>>& rows);

}  // namespace slipway
