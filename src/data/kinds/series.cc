// Values in time.
#include "data/series.h"

#include "data/kinds/data_kind_card.h"
#include "data/kinds/loading.h"

namespace slipway {

namespace {

Result<DataPair> load(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "series"));
  return load_series(source);
}

}  // namespace

DATA_KIND(series) = {
    .name = "series",
    .doc = "A table of values in time.",
    .example = "[window, columns]",
    .label = "the next `horizon` values",
    .keys = {"target", "drop", "columns", "missing", "not_missing", "delimiter", "header", "encoding", "decimal",
             "time", "window", "horizon", "step", "season", "test_fraction"},
    .load = load,
};

}  // namespace slipway
