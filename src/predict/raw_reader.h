// Raw readers: files as rows of raw inputs, a few at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "predict/raw_model.h"
#include "tensor/tensor.h"

namespace slipway {

// Rows that are read and run at once: as many as evaluation in training takes, since products of a few rows differ in
// their last bits from those of many.
inline constexpr int64_t kRowsAtOnce = 256;

struct RawRows {
  std::vector<Tensor> inputs;                     // [n, …] for each raw input
  std::vector<std::string> ids;                   // of each row: its line, its file; none: the end
  std::vector<std::vector<std::string>> columns;  // for each column asked for, its text in each row
  // Where the truth was asked for: of a series float32 [n, horizon × targets] as data/series.h has them, of arrays what
  // stands beside them.
  Tensor labels;
};

// `status` of preparing or running the rows, with the file in place of a number where it speaks of "row 3: …".
Status at_row(const Status& status, const RawRows& rows);

// Not thread-safe.
class RawReader {
 public:
  virtual ~RawReader() = default;
  // The next rows, at most `most`; without rows at the end. Errors say where: the file, the line, the column.
  virtual Result<RawRows> next(int64_t most) = 0;
};

// Rows of what lies at `path` ("-": a table on standard input) for a model, read as its training data was (the
// preparation's facts):
//   a table (.csv, .tsv, .txt, also .gz) by its columns' names, in any order, others being passed over
//   JSON lines (.jsonl, .json): an object per line by names, null being missing
//   an image or a sound, or a folder of them: also of folders, whose names are what each shows
//   a text (.txt): a row per line; a folder of them: a row per file
//   NumPy arrays (.npy for a model of one input, .npz by names, as data of kind "npz" calls them: x_test, y_test, x, y)
// A table of a series gives a row for every window that its rows in time fill, by the last of them; where `truth` is
// wanted, for every one whose horizon is there too. "-" is standard input.
// `columns`: further columns wanted as text (the truth, a slice); of files in folders any name is the folder's.
// Constant memory for tables that are not gzipped and for files.
Result<std::unique_ptr<RawReader>> open_raw(const std::filesystem::path& path, const RawModel& predictor,
                                            const std::vector<std::string>& columns = {}, bool truth = false);

}  // namespace slipway
