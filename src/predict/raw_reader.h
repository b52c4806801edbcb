// Raw readers: files as rows of raw inputs, a few at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "formats/preparation.h"
#include "tensor/tensor.h"

namespace slipway {

struct RawRows {
  std::vector<Tensor> inputs;                     // [n, …] for each raw input
  std::vector<std::string> ids;                   // of each row: its line, its file; none: the end
  std::vector<std::vector<std::string>> columns;  // for each column asked for, its text in each row
};

// Not thread-safe.
class RawReader {
 public:
  virtual ~RawReader() = default;
  // The next rows, at most `most`; without rows at the end. Errors say where: the file, the line, the column.
  virtual Result<RawRows> next(int64_t most) = 0;
};

// Rows of what lies at `path` for a model that takes `inputs`:
//   a table (.csv, .tsv, .txt, also .gz) by its columns' names, in any order, others being passed over
//   JSON lines (.jsonl, .json): an object per line by names, null being missing
//   an image or a sound, or a folder of them: also of folders, whose names are what each shows
//   a text (.txt): a row per line
//   NumPy arrays (.npy for a model of one input, .npz by names)
// `columns`: further columns wanted as text (the truth, a slice); of files in folders any name is the folder's.
// Constant memory for tables that are not gzipped and for files.
Result<std::unique_ptr<RawReader>> open_raw(const std::filesystem::path& path, const std::vector<RawInput>& inputs,
                                            const std::vector<std::string>& columns = {});

}  // namespace slipway
