// Layout of tables.
#include "cli/table.h"

#include <algorithm>

#include "base/check.h"

namespace slipway {

namespace {

size_t width(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

void append_line(const std::vector<Column>& columns, const std::vector<size_t>& widths,
                 const std::vector<std::string>& cells, std::string& out) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    std::string gap(widths[i] - width(cells[i]), ' ');
    if (i > 0) line += "  ";
    line += columns[i].right ? gap + cells[i] : cells[i] + gap;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

}  // namespace

std::string format_table(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::string> titles;
  std::vector<size_t> widths;
  for (const Column& column : columns) {
    titles.push_back(column.title);
    widths.push_back(width(column.title));
  }
  for (const auto& row : rows) {
    CHECK(row.size() == columns.size(), "a row with another number of cells than columns");
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  append_line(columns, widths, titles, out);
  for (const auto& row : rows) append_line(columns, widths, row, out);
  return out;
}

}  // namespace slipway
