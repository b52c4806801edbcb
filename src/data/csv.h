// CSV as in RFC 4180: text to rows of cells. What the cells mean is data/tabular.h's concern.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "data/cells.h"

namespace slipway {

struct CsvOptions {
  char delimiter = 0;  // 0: whichever of , ; tab | cuts the first lines into the most equal rows
  // Unset: the first row is one when no cell of it is empty or a number; the first cell alone may be empty, as pandas
  // writes it above its row numbers.
  std::optional<bool> header;
  std::string encoding = "auto";  // data/charset.h
  CellOptions cells;
};

struct CsvTable {
  std::string name;                            // for messages: the path
  std::vector<std::string> header;             // "column 1", … when the file has none
  std::vector<std::vector<std::string>> rows;  // each as long as the header
  std::vector<int64_t> lines;                  // the line (from 1) on which each row begins
  // What the cells of a column that say nothing were spelled as, and how often; "" counts among them.
  std::vector<std::map<std::string, int64_t>> missing;
  char delimiter = ',';
};

// Cells come in their plain spelling (data/cells.h); a column without a name is called kUnnamed, "column 2", ….
// Quoted cells may hold delimiters, line ends and doubled quotes; lines end with LF or CRLF; a UTF-8 mark and empty
// lines are skipped; unquoted cells lose the blanks around them. Errors name the line, what was expected and what was
// found.
Result<CsvTable> parse_csv(std::string_view text, std::string_view name, const CsvOptions& options = {});

// A file, gzipped or not.
Result<CsvTable> load_csv(const std::filesystem::path& path, const CsvOptions& options = {});

// What the first column is called when its name is empty.
constexpr const char* kUnnamed = "column 1";

// {"delimiter", "header", "encoding", "missing", …}: how a table was read, for whoever reads another one like it; only
// what differs from CsvOptions{}.
Json to_json(const CsvOptions& options);
CsvOptions csv_options(const Json& json);

// The number a cell spells, whole ("1e-3", "+2", " 7" is none); nullopt for anything else, NaN and infinities included.
std::optional<double> parse_number(std::string_view cell);

}  // namespace slipway
