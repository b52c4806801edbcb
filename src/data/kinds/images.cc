// Folders of images.
#include "data/kinds/data_kind_card.h"
#include "data/kinds/loading.h"

namespace slipway {

namespace {

Result<DataPair> load(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "images"));
  return load_images(source.path, source.test_path, source.test_fraction, source.seed, source.images);
}

}  // namespace

DATA_KIND(images) = {
    .name = "images",
    .doc = "A folder with a folder of JPEG and PNG files per class.",
    .example = "[channels, height, width], uint8",
    .label = "class",
    .keys = {"size", "color", "broken", "augment", "normalize", "test_fraction", "test_path"},
    .class_files = {".jpg", ".jpeg", ".png"},
    .load = load,
};

}  // namespace slipway
