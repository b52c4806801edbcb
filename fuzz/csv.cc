// Fuzz target: the CSV reader. Whatever it accepts is a table whose rows are as long as its header.
#include "data/csv.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::Result<slipway::CsvTable> table = slipway::parse_csv({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!table.ok()) return 0;
  CHECK(table->lines.size() == table->rows.size(), "a row without its line");
  for (const auto& row : table->rows) {
    CHECK(row.size() == table->header.size(), "a ragged row was accepted");
    for (const std::string& cell : row) (void)slipway::parse_number(cell);
  }
  return 0;
}
