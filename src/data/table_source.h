// Table source: a CSV file to training and test data: looked at, split, encoded.
#pragma once

#include "data/source.h"

namespace slipway {

// Kind "csv" of data/source.h. The pair's `understood` has the columns, the target and what deserves a second look.
Result<DataPair> load_table(const DataSource& source);

}  // namespace slipway
