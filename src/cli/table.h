// Tables for people: columns as wide as their widest cell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway {

struct Column {
  std::string title;
  bool right = false;  // numbers stand to the right
};

// A line of titles and one per row, two blanks between columns, no blanks at the end of a line.
// Widths count code points. Requires: every row has one cell per column.
std::string format_table(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows);

}  // namespace slipway
