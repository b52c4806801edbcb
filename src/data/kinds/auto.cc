// Whatever the path is.
#include "data/kinds/data_kind_card.h"
#include "data/kinds/loading.h"

namespace slipway {

namespace {

Result<DataPair> load(const DataSource& source) {
  if (source.path.empty()) {
    Places places = places_of(source);
    places.remote.reset();
    return load_digits(places);
  }
  DataSource known = source;
  known.kind = TRY(kind_of_data(source.path));
  return load_dataset(known);
}

}  // namespace

DATA_KIND(auto) = {
    .name = "auto",
    .doc = "The kind follows from what `path` is; without one MNIST where it is found, else generated digits.",
    .load = load,
};

}  // namespace slipway
