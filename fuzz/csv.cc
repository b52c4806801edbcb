// Fuzz target: the CSV reader, from bytes in any encoding. Whatever it accepts is a table of UTF-8 whose rows are as
// long as its header, with cells in plain spelling and columns that can be told.
#include "data/csv.h"

#include <cstdint>

#include "base/utf8.h"
#include "data/charset.h"
#include "data/columns.h"

namespace {

void read_table(std::string_view text) {
  slipway::Result<slipway::CsvTable> table = slipway::parse_csv(text, "fuzz");
  if (!table.ok()) return;
  CHECK(table->lines.size() == table->rows.size(), "a row without its line");
  for (const auto& row : table->rows) {
    CHECK(row.size() == table->header.size(), "a ragged row was accepted");
    for (const std::string& cell : row) CHECK(slipway::plain_cell(cell) == cell, "a cell that is not plain");
  }
  auto facts = slipway::look_at(*table, {});
  CHECK(!facts.ok() || facts->size() == table->header.size(), "a column without facts");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::string& encoding : slipway::charset_names()) {
    slipway::Result<std::string> text = slipway::to_utf8(bytes, encoding, "fuzz");
    if (!text.ok()) continue;
    CHECK(!slipway::invalid_utf8(*text), "an encoding that gave no UTF-8");
    read_table(*text);
  }
  return 0;
}
