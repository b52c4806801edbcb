// Columns: what each column of a table is, found from its cells alone, and what looks wrong with it.
//
// load_csv() gives the table in plain spelling; look_at() says what its columns are and refuses what would silently
// become something else; only then is anything learned (data/tabular.h). Pure: no file is touched.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "data/csv.h"

namespace slipway {

enum class ColumnKind { number, date, category, empty };

struct ColumnFacts {
  std::string name;
  ColumnKind kind = ColumnKind::category;
  int64_t rows = 0;  // of the table
  int64_t missing = 0;
  std::map<std::string, int64_t> missing_words;  // as spelled in the file
  int64_t distinct = 0;                          // values, missing ones left out
  bool counts_rows = false;  // one more from each row to the next, from 0, 1 or, of many rows, any number on
  bool labels_rows = false;  // whole numbers of at least 0, another one in every row
  std::string alike;         // two values that differ by case alone, quoted; empty: none
  std::string same_as;       // the first earlier column with the same cells; empty: none
  double least = 0, most = 0, mean = 0;                 // of numbers; of dates in days since 1970-01-01
  std::string first, last;                              // of dates, as spelled
  std::vector<std::pair<std::string, int64_t>> values;  // of categories, the most frequent first, at most 10

  bool constant() const { return distinct == 1 && missing == 0; }
};

// What somebody says of a column: "number", "category", "date" or "drop", by its name.
using ColumnWords = std::map<std::string, std::string>;

// The facts of every column, in the table's order. Errors: a column of `words` that is not there, or a word that is
// none of the four; in a column for which nothing is said: cells of another kind among nine in ten numbers or dates, or
// numbers with a decimal comma, with the line and the ways out; in one of "number" or "date": a cell that is none.
Result<std::vector<ColumnFacts>> look_at(const CsvTable& table, const ColumnWords& words);

// Columns that only number the rows, shuffled or not, and have no name of their own, as pandas writes its index: they
// are no features.
std::vector<std::string> row_numbers(const std::vector<ColumnFacts>& facts);

// Sentences about what deserves a second look: constant, equal and row-counting columns, mostly missing ones, text of
// which nearly every row has its own, values that differ by case alone, numbers that float32 hardly tells apart.
// `left_out`: the target and what is dropped.
std::vector<std::string> remarks(const std::vector<ColumnFacts>& facts, const std::vector<std::string>& left_out);

// A sentence about a first row that was taken for names unasked though a column has its own name among its values, as
// tables of text without a header have; "": it looks like one.
std::string doubtful_header(const CsvTable& table, const CsvOptions& options);

// {"name", "type", "missing", "missing_as", "distinct", and "least", "most", "mean" or "values": {value: count}}
Json to_json(const ColumnFacts& facts);

}  // namespace slipway
