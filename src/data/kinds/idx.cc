// Images and labels in IDX files.
#include "data/mnist.h"

#include "data/kinds/data_kind_card.h"
#include "data/kinds/loading.h"

namespace slipway {

namespace {

Result<DataPair> load(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path to the images", "idx"));
  RETURN_IF_ERROR(require_path(source.labels, "a path to the labels", "idx"));
  Dataset data = TRY(load_idx_pair(source.path, source.labels, 0, source.path.string()));
  std::optional<Dataset> test;
  if (!source.test_path.empty()) {
    RETURN_IF_ERROR(require_path(source.test_labels, "a path to the test labels", "idx"));
    test = TRY(load_idx_pair(source.test_path, source.test_labels, 0, source.test_path.string()));
  }
  return with_test(std::move(data), std::move(test), source, "IDX");
}

// The files of MNIST and its kin have no ending but a word in their names.
bool says_idx(const std::filesystem::path& path) {
  std::error_code ignored;
  return !std::filesystem::is_directory(path, ignored) && path.filename().string().find("idx") != std::string::npos;
}

}  // namespace

DATA_KIND(idx) = {
    .name = "idx",
    .doc = "An IDX file of images, `labels` beside it.",
    .example = "image, uint8",
    .label = "class",
    .keys = {"labels", "test_labels", "augment", "normalize", "test_fraction", "test_path"},
    .otherwise = says_idx,
    .load = load,
};

}  // namespace slipway
