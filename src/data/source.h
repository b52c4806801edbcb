// DataSource: the one door to every kind of data a recipe can name.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/digits.h"
#include "data/tabular.h"

namespace slipway {

// What to load.
//   "mnist"   a folder with MNIST's four files; without a path: --data, $SLIPWAY_DATA, ../shared/data or a download
//   "idx"     images in `path`, labels in `labels` (two IDX files); test data in test_path and test_labels
//   "npy"     inputs in `path`, labels in `labels` (two .npy files), or a folder `path` with x_train.npy, y_train.npy,
//             x_test.npy, y_test.npy, or with x.npy and y.npy
//   "csv"     a table `path`; test rows in test_path
//   "digits"  generated
//   "auto"    by what `path` is; without one: MNIST where it is found, else generated digits
// Where test data is missing, test_fraction of the examples is held out, drawn by `seed`.
struct DataSource {
  std::string kind = "auto";
  std::filesystem::path path;
  std::filesystem::path labels;
  std::filesystem::path test_path;
  std::filesystem::path test_labels;
  double test_fraction = 0.2;
  uint64_t seed = 1;
  CsvOptions csv;
  TabularOptions tabular;
  DigitsOptions digits;
  bool allow_download = true;
};

// Both parts pass check(). Errors name the file and how to mend it.
Result<DataPair> load_dataset(const DataSource& source);

}  // namespace slipway
