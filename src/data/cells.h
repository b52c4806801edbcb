// Cells: how the cells of a table are spelled, and the one plain spelling that everything behind the reader sees.
//
// load_csv() has done this to every cell it returns. Whoever gets a cell from elsewhere (a request's row) passes it
// through plain_cell() with the options that the model's preparation carries (to_json), before anything else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace slipway {

struct CellOptions {
  std::vector<std::string> missing;      // words that say nothing, beside missing_words()
  std::vector<std::string> not_missing;  // words of missing_words() that say something
  char decimal = '.';                    // or ',': 1.234,5 is 1234.5
};

// Words that say nothing, in any case: "", "?", NA, N/A, NaN, null, None, …
std::vector<std::string> missing_words();

// The plain spelling of a cell: "" for one that says nothing; numbers with '.' as their decimal point; "1" for "1.0",
// so that a whole number is one category whichever way it was written; anything else as it is.
std::string plain_cell(std::string_view cell, const CellOptions& options = {});

// Whether `cell` spells a number with a decimal comma ("12,5", "1.234,5").
bool has_decimal_comma(std::string_view cell);

// {"missing": […], "not_missing": […], "decimal": ","}; only what differs from CellOptions{}.
Json to_json(const CellOptions& options);
CellOptions cell_options(const Json& json);

}  // namespace slipway
