// Tables.
#include "data/kinds/data_kind_card.h"
#include "data/kinds/loading.h"
#include "data/table_source.h"

namespace slipway {

namespace {

Result<DataPair> load(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "csv"));
  return load_table(source);
}

}  // namespace

DATA_KIND(csv) = {
    .name = "csv",
    .doc = "A table, separated by , ; tab or |, gzipped or not.",
    .example = "features",
    .label = "class or number",
    .keys = {"target",         "separator",   "drop",      "sample_weight", "task",     "standardize",
             "no_standardize", "categorical", "missing",   "not_missing",   "fill",     "missing_indicator",
             "categories",     "columns",     "delimiter", "header",        "encoding", "decimal",
             "split",          "split_by",    "inputs",    "test_fraction", "test_path"},
    .endings = {".csv", ".tsv"},
    .load = load,
};

}  // namespace slipway
