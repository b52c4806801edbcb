// Pieces of loading.
#include "data/kinds/loading.h"

#include <algorithm>

#include <fmt/format.h>

namespace slipway {

Places places_of(const DataSource& source) {
  Places places = system_places(source.path);
  if (!source.allow_download) places.remote.reset();
  return places;
}

Status require_path(const std::filesystem::path& path, std::string_view key, std::string_view kind) {
  if (!path.empty()) return {};
  return invalid(fmt::format("data of kind \"{}\" needs {}; it is empty", kind, key));
}

Result<DataPair> with_test(Dataset data, std::optional<Dataset> test, const DataSource& source, std::string kind) {
  DataPair pair;
  pair.source = fmt::format("{} in {}", kind, source.path.string());
  if (!test) {
    Split parts = TRY(hold_out(data, source.test_fraction, source.seed));
    pair.train = std::move(parts.rest);
    pair.test = std::move(parts.held_out);
    pair.test.name = data.name + " (held out)";
    return pair;
  }
  if (test->example_shape() != data.example_shape()) {
    return invalid(fmt::format("{}: expected examples of shape {} as in {}, found {}", test->name,
                               to_string(std::span<const int64_t>(data.example_shape())), data.name,
                               to_string(std::span<const int64_t>(test->example_shape()))));
  }
  test->classes = data.classes;
  RETURN_IF_ERROR(check(*test));
  pair.train = std::move(data);
  pair.test = std::move(*test);
  return pair;
}

Result<Dataset> from_arrays(const JoinedArrays& x, const Tensor& y, std::string name, const std::string& labels_name) {
  Dataset data;
  data.name = std::move(name);
  data.inputs = x.inputs.dtype() == DType::u8 ? x.inputs : x.inputs.cast(DType::f32);
  data.parts = x.parts;
  bool column = y.rank() == 2 && y.dim(1) == 1;
  if (is_integer(y.dtype()) && (y.rank() == 1 || column)) {
    data.labels = y.cast(DType::i64).reshaped({y.dim(0)});
    int64_t most = -1;
    for (int64_t label : data.labels.data<int64_t>()) most = std::max(most, label);
    constexpr int64_t kMostClasses = 100'000;
    if (most >= kMostClasses) {
      return invalid(
          fmt::format("{}: expected class indices below {}, found {}; save targets of a regression as float32",
                      labels_name, kMostClasses, most));
    }
    for (int64_t i = 0; i <= most; ++i) data.classes.push_back(fmt::format("{}", i));
  } else {
    data.labels = y.cast(DType::f32);
  }
  RETURN_IF_ERROR(check(data));
  return data;
}

}  // namespace slipway
