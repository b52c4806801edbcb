// What the kinds of data share when they load.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/locate.h"
#include "data/source.h"

namespace slipway {

// Where MNIST may be, as the source allows.
Places places_of(const DataSource& source);

// An error unless the path is given; `key` says what it is: "a path to the labels".
Status require_path(const std::filesystem::path& path, std::string_view key, std::string_view kind);

// Test data as given, else held out. `kind` is for people: "IDX".
Result<DataPair> with_test(Dataset data, std::optional<Dataset> test, const DataSource& source, std::string kind);

// Data of arrays: labels as class indices when they are integers [N] (or [N, 1]), else as float32 targets.
Result<Dataset> from_arrays(const JoinedArrays& x, const Tensor& y, std::string name, const std::string& labels_name);

}  // namespace slipway
