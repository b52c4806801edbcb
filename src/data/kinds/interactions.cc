// Users, items and ratings.
#include "data/kinds/data_kind_card.h"
#include "data/kinds/loading.h"

namespace slipway {

namespace {

Result<DataPair> load(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "interactions"));
  return load_interactions(source.path, source.test_path, source.test_fraction, source.seed, source.interactions);
}

}  // namespace

DATA_KIND(interactions) = {
    .name = "interactions",
    .doc = "A RecBole .inter file with typed headers.",
    .example = "user index, item index",
    .label = "rating",
    .keys = {"user", "item", "target", "test_fraction", "test_path"},
    .endings = {".inter"},
    .load = load,
};

}  // namespace slipway
