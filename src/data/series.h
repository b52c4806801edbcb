// Series: a table of values in time to windows of what was and, as labels, what came next.
#pragma once

#include "data/csv.h"
#include "data/dataset.h"
#include "data/source.h"

namespace slipway {

// Kind "series" of data/source.h. Rows are sorted by options.time (a date, a month like 2024-05, or a number; empty: as
// they stand) and cut into windows:
//   inputs: float32 [N, window, columns], every column of numbers that is not dropped, at mean 0 and deviation 1 of
//           the training rows
//   labels: float32 [N, horizon × targets], the rows after the window, unscaled
// A window begins every `step` rows. The last test_fraction of the rows is told by test windows only: no label of
// theirs is an input or a label of a training window, though what a test window looks back on may be. A cell that says
// nothing has the value before it. preparation: data/raw_fronts.h, and of its facts "series":
// {"window", "horizon", "time"}; understood: also "forecast", what needs no model: {"last": {"mae", "rmse"}:
// the last value goes on, "seasonal": {…}: the value of a season before (season > 0), "season", "scale"}, where "scale"
// is the mean absolute error of the seasonal (else the last) value over the training rows, by which MASE divides (R. J.
// Hyndman, A. B. Koehler, "Another look at measures of forecast accuracy", 2006).
Result<DataPair> load_series(const DataSource& source);

// Sorts rows by a column of time; `name` empty: they stay. Errors name the line: no time, two rows of one.
Status sort_by_time(const std::string& name, CsvTable& table);

// A column of sorted rows, a cell that says nothing having the value before it. Errors name the line: no number, none
// to begin with.
Result<std::vector<double>> numbers_in_time(const CsvTable& table, size_t column);

}  // namespace slipway
