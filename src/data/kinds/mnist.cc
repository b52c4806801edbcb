// MNIST and its kin.
#include "data/mnist.h"

#include "data/kinds/data_kind_card.h"
#include "data/kinds/loading.h"

namespace slipway {

namespace {

Result<DataPair> load(const DataSource& source) {
  Location location = TRY(locate_mnist(places_of(source)));
  if (!location.folder.empty()) return load_mnist(location.folder);
  std::string passed;
  for (const std::string& place : location.passed) passed += "; " + place;
  return not_found("MNIST was not found" + passed + "; give its folder, or use data of kind \"digits\"");
}

bool is_mnist(const std::filesystem::path& path) { return has_mnist(path) || has_mnist(path / "mnist"); }

}  // namespace

DATA_KIND(mnist) = {
    .name = "mnist",
    .doc = "A folder with MNIST's four IDX files; without a path they are looked for, then downloaded.",
    .example = "image, uint8",
    .label = "class",
    .keys = {"augment", "normalize"},
    .otherwise = is_mnist,
    .load = load,
};

}  // namespace slipway
