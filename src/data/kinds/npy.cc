// Arrays in .npy files.
#include "tensor/npy.h"
#include "data/kinds/data_kind_card.h"
#include "data/kinds/loading.h"

namespace slipway {

namespace {

bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

Result<Dataset> load_npy_pair(const std::filesystem::path& inputs, const std::filesystem::path& labels) {
  Tensor x = TRY(load_npy(inputs));
  Tensor y = TRY(load_npy(labels));
  return from_arrays({x, {}}, y, inputs.string(), labels.string());
}

Result<DataPair> load(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "npy"));
  const std::filesystem::path& path = source.path;
  if (is_file(path / "x_train.npy")) {
    Dataset train = TRY(load_npy_pair(path / "x_train.npy", path / "y_train.npy"));
    std::optional<Dataset> test;
    if (is_file(path / "x_test.npy")) test = TRY(load_npy_pair(path / "x_test.npy", path / "y_test.npy"));
    return with_test(std::move(train), std::move(test), source, "NumPy arrays");
  }
  if (is_file(path / "x.npy")) {
    return with_test(TRY(load_npy_pair(path / "x.npy", path / "y.npy")), std::nullopt, source, "NumPy arrays");
  }
  RETURN_IF_ERROR(require_path(source.labels, "a path to the labels, or a folder with x_train.npy or x.npy", "npy"));
  Dataset data = TRY(load_npy_pair(path, source.labels));
  std::optional<Dataset> test;
  if (!source.test_path.empty()) {
    RETURN_IF_ERROR(require_path(source.test_labels, "a path to the test labels", "npy"));
    test = TRY(load_npy_pair(source.test_path, source.test_labels));
  }
  return with_test(std::move(data), std::move(test), source, "NumPy arrays");
}

}  // namespace

DATA_KIND(npy) = {
    .name = "npy",
    .doc =
        "Two .npy files (`labels`), or a folder with x_train.npy, y_train.npy and perhaps x_test.npy, y_test.npy, or "
        "with x.npy and y.npy.",
    .example = "array",
    .label = "class (integers) or target",
    .keys = {"labels", "test_labels", "augment", "normalize", "test_fraction", "test_path"},
    .files_in_folder = {"x_train.npy", "x.npy"},
    .endings = {".npy"},
    .load = load,
};

}  // namespace slipway
